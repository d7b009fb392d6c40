// Projects of TypeScript users: the types as they are published must compile in each, with all declarations checked.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-ts-types-'));
  const installed = join(folder, 'node_modules', 'llama-ts');
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, 'package.json'), join(installed, 'package.json'));
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] };
  const left = files.filter((f) => f.startsWith('!dist/')).map((f) => join(root, f.slice(1)));
  cpSync(join(root, 'dist'), join(installed, 'dist'), { recursive: true, filter: (path) => !left.includes(path) });
  mkdirSync(join(folder, 'node_modules', '@types'));
  symlinkSync(join(root, 'node_modules', '@types', 'node'), join(folder, 'node_modules', '@types', 'node'), 'junction');
  symlinkSync(join(root, 'node_modules', 'undici-types'), join(folder, 'node_modules', 'undici-types'), 'junction');
  const program = `import { loadModel, LlamaError, type Chunk, type Generation, type LoadOptions, type Model, type Result } from 'llama-ts';
    export async function main(options: LoadOptions): Promise<number> {
      await using model: Model = await loadModel('model.gguf', options);
      const running: Generation<string> = model.generate('x', { maxTokens: 5 });
      for await (const chunk of running) { const text: string = (chunk satisfies Chunk).text; text.trim(); }
      const result: Result<string> = await running;
      await using chat = model.chat({ system: 'x', contextFull: 'dropOldest' });
      await chat.send('x', { prefix: 'y', keepPartial: true });
      const ids: Uint32Array = await model.tokenizeAsync('x');
      return result.ids.length + ids.length + (result instanceof LlamaError ? 1 : 0);
    }
    // @ts-expect-error the types are there, and strict
    loadModel(5);
  `;
  writeFileSync(join(folder, 'esm.mts'), program);
  writeFileSync(join(folder, 'cjs.cts'), program);
  writeFileSync(join(folder, 'bundled.ts'), program);
  const signals = `import { loadModel } from 'llama-ts';
    export const load = (url: URL) => loadModel(url, { signal: new AbortController().signal });
    // @ts-expect-error no URL
    loadModel({ path: 'x' });
  `;
  writeFileSync(join(folder, 'signals.mts'), signals);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Project {
  module: string;
  moduleResolution: string;
  lib: string[];
  types: string[];
  files: string[];
}

function compile(typescript: string, project: Project): { status: number | null; output: string } {
  const { files, ...options } = project;
  const config = join(folder, `tsconfig.${typescript}.${project.module}.${project.moduleResolution}.${project.lib.length}${project.types.length}.json`);
  const compilerOptions = { target: 'es2022', strict: true, skipLibCheck: false, noEmit: true, ...options };
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules', typescript, 'bin', 'tsc'), '-p', config], { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

const bare = { lib: ['es2022'], types: [] };
const projects: [string, Project][] = [
  ['node16, ESM and CJS', { ...bare, module: 'node16', moduleResolution: 'node16', files: ['esm.mts', 'cjs.cts'] }],
  ['nodenext, ESM and CJS', { ...bare, module: 'nodenext', moduleResolution: 'nodenext', files: ['esm.mts', 'cjs.cts'] }],
  ['bundler', { ...bare, module: 'esnext', moduleResolution: 'bundler', files: ['bundled.ts'] }],
  ['with the DOM', { module: 'node16', moduleResolution: 'node16', lib: ['es2022', 'dom'], types: [], files: ['esm.mts', 'signals.mts'] }],
  ["with Node's types", { module: 'node16', moduleResolution: 'node16', lib: ['es2022'], types: ['node'], files: ['esm.mts', 'signals.mts'] }],
];

// The oldest compiler is slow: of the projects, those that differ most.
const some = projects.filter(([name]) => !/nodenext|DOM/.test(name));

describe.each([
  ['typescript-oldest', some],
  ['typescript-newest', projects],
] as const)('%s', (typescript, chosen) => {
  const version = (JSON.parse(readFileSync(join(root, 'node_modules', typescript, 'package.json'), 'utf8')) as { version: string }).version;
  test.each([...chosen])(`${version}: %s`, (_, project) => {
    expect(compile(typescript, project)).toEqual({ status: 0, output: '' });
  });
});

test('what is published of the types names nothing of the addon', () => {
  const lib = join(folder, 'node_modules', 'llama-ts', 'dist', 'lib');
  const declarations = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((n) => /\.d\.m?ts$/.test(n));
  expect(declarations).toContain('index.d.ts');
  expect(declarations).not.toContain('native.d.ts');
  for (const name of declarations) expect([name, /'\.\.?\/(native|binding)'/.exec(readFileSync(join(lib, name), 'utf8'))?.[0]]).toEqual([name, undefined]);
});
