// Runs every `js`, `ts` and `sh` fence of the README and docs, in a folder where model.gguf is the small story model, my-model a folder, book.txt a
// text, the cache has a model of the hub, pirate.gguf, formal.gguf and happy.gguf adapters, and weather-server.cjs a server of the Model Context Protocol. A `js` fence runs as it stands, by the Node that runs the tests; a `ts` fence is type-checked and compiled for the oldest Node that is promised.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ts from 'typescript';
import { writeStoryLora, writeStoryVector } from './fixtures/adapter';
import { layModel } from './support/hub-cache';
import { writeTinyFolder } from './fixtures/tiny-folder';
import { staged } from './support/pages';

const root = join(__dirname, '..');
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((n) => n.endsWith('.md'))
    .map((n) => join('docs', n)),
];

interface Fence {
  language: string;
  text: string;
  line: number;
}

function fences(page: string): Fence[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((m) => ({
    language: m[1] ?? '',
    text: m[2] ?? '',
    line: text.slice(0, m.index).split('\n').length,
  }));
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-ts-docs-'));
  cpSync(join(root, 'models', 'story-Q8_0.gguf'), join(folder, 'model.gguf'));
  writeTinyFolder(join(folder, 'my-model'));
  writeStoryLora(join(folder, 'pirate.gguf'), 1);
  writeStoryLora(join(folder, 'formal.gguf'), 2);
  writeStoryVector(join(folder, 'happy.gguf'), 3);
  writeFileSync(join(folder, 'book.txt'), 'Once upon a time a brave fox lived in a big forest. '.repeat(100));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'llama-ts'), 'junction');
  for (const name of ['ai', 'zod', '@langchain', '@modelcontextprotocol'])
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
  cpSync(join(root, 'test', 'fixtures', 'mcp-server.cjs'), join(folder, 'weather-server.cjs'));
});
beforeEach(() => layModel(join(folder, 'cache', 'hub'), 'Qwen/Qwen3-4B-GGUF', 'Qwen3-4B-Q4_K_M.gguf', readFileSync(join(root, 'models', 'story-Q8_0.gguf'))));
afterAll(() => rmSync(folder, { recursive: true }));

/** Nobody's cache but this one, and no network. */
const environment = (): NodeJS.ProcessEnv => ({ ...process.env, HF_HOME: join(folder, 'cache'), HF_HUB_CACHE: '', HF_HUB_OFFLINE: '1' });

function runNode(path: string): void {
  execFileSync(process.execPath, [path], { cwd: folder, env: environment(), stdio: 'pipe', timeout: 60_000 });
}

function runJs(text: string): void {
  const path = join(folder, /^import |^export |^await /m.test(text) ? 'fence.mjs' : 'fence.cjs');
  writeFileSync(path, text);
  runNode(path);
}

function runTs(text: string): void {
  const path = join(folder, 'fence.mts');
  writeFileSync(path, text);
  const target = ts.ScriptTarget.ES2022;
  const options: ts.CompilerOptions = { target, lib: ['lib.es2022.d.ts'], module: ts.ModuleKind.Node16, strict: true, skipLibCheck: true, noEmitOnError: true };
  const compiled = ts.createProgram([path], { ...options, types: ['node'], typeRoots: [join(root, 'node_modules', '@types')] });
  const { diagnostics } = compiled.emit();
  const problems = [...ts.getPreEmitDiagnostics(compiled), ...diagnostics].map((d) => ts.flattenDiagnosticMessageText(d.messageText, '\n'));
  expect(problems).toEqual([]);
  runNode(join(folder, 'fence.mjs'));
}

const program = (name: string): string => `"${process.execPath}" "${join(root, 'dist', 'bin', `${name}.js`)}" `;

// `npm ...` and the like set a machine up: the test command itself is one of them.
function runShell(text: string): void {
  for (const line of text.split('\n').filter((l) => l !== '' && !/^(npm|npx|cmake|nix|docker) /.test(l))) {
    execFileSync('sh', ['-c', line.replace(/(?<=^|[|&;] ?)(llama-ts|llama-quantize) (?=[a-z-])/g, (_, name: string) => program(name))], {
      cwd: folder,
      env: environment(),
      input: 'Hello\n', // for what reads the keyboard
      stdio: 'pipe',
      timeout: 60_000,
    });
  }
}

const runners: Readonly<Record<string, (text: string) => void>> = { js: runJs, ts: runTs, sh: runShell };

for (const page of pages) {
  const elsewhere = (language: string): boolean => language === 'js' && staged.some((name) => page === join('docs', name));
  const found = fences(page).filter((f) => Object.hasOwn(runners, f.language) && !elsewhere(f.language));
  if (found.length === 0) continue;
  describe(page, () => {
    for (const { language, text, line } of found) {
      const runnable = language !== 'sh' || process.platform !== 'win32' ? test : test.skip;
      runnable(`line ${line}`, () => runners[language]?.(text));
    }
  });
}

test('no fence of JavaScript goes unrun under another name', () => {
  for (const page of pages)
    for (const { language } of fences(page))
      expect([page, language]).not.toEqual([page, expect.stringMatching(/^(javascript|typescript|mjs|cjs|mts|cts|node)$/)]);
});
