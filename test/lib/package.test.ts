// The package as it is used: import and require, and what they say where the addon is missing or broken.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-ts-package-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'llama-ts'), 'junction');
});
afterAll(() => rmSync(folder, { recursive: true }));

test('import and require give the same', () => {
  const script = `
    import * as imported from 'llama-ts';
    import { createRequire } from 'node:module';
    const required = createRequire(process.cwd() + '/')('llama-ts');
    const names = Object.keys(required).sort();
    console.log(names.length > 8 && names.every((n) => imported[n] === required[n]), names.join(' '));`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: folder, encoding: 'utf8' });
  expect(out).toMatch(/^true .*LlamaError .*loadModel/);
});

/** A package without what `npm run build` compiled. */
function copyWithoutAddon(): string {
  const copy = mkdtempSync(join(folder, 'copy-'));
  for (const name of ['package.json', 'dist', 'models']) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'), 'junction');
  return copy;
}

// Where another addon is named for all packages (LLAMA_TS_PREBUILD), the copies shall not find it.
const { LLAMA_TS_PREBUILD: _, ...environment } = process.env;

const requireIt = (copy: string): string =>
  spawnSync(process.execPath, ['-e', `try { require(${JSON.stringify(copy)}) } catch (e) { console.log(e.name, e.code, e.message) }`], {
    encoding: 'utf8',
    env: environment,
  }).stdout;

test('without the addon, require says how to build it', () => {
  const copy = copyWithoutAddon();
  expect(requireIt(copy)).toMatch(/^LlamaError BINARY llama-ts has no compiled addon for .*npx llama-ts build/);
  const { stderr, status } = spawnSync(process.execPath, [join(copy, 'dist/bin/llama-ts.js'), 'run'], { encoding: 'utf8', env: environment });
  expect(stderr).toMatch(/^llama-ts: llama-ts has no compiled addon .*npx llama-ts build.*\n$/);
  expect(status).toBe(1);
});

test('with an addon that does not load, require says why', () => {
  const copy = copyWithoutAddon();
  mkdirSync(join(copy, 'build', 'Release'), { recursive: true });
  writeFileSync(join(copy, 'build', 'Release', 'llama-ts.node'), 'not a library');
  expect(requireIt(copy)).toMatch(/^LlamaError BINARY the compiled addon .* does not load \(.*npx llama-ts build/);
});

test('build says what the machine lacks, and how to get it', () => {
  const bare = join(folder, 'bare');
  mkdirSync(bare, { recursive: true });
  const { stderr, status } = spawnSync(process.execPath, [join(copyWithoutAddon(), 'dist/bin/llama-ts.js'), 'build'], {
    encoding: 'utf8',
    env: { PATH: bare },
  });
  expect(stderr).toMatch(/^llama-ts: to compile, this machine lacks cmake.* To get it: .*cmake.*\n$/);
  expect(status).toBe(1);
});

test('nothing depends on an install script, and the lock names no registry', () => {
  const lock = jest.requireActual<{ packages: Record<string, { hasInstallScript?: boolean; resolved?: string; dev?: boolean; optional?: boolean }> }>(
    '../../package-lock.json',
  );
  const entries = Object.entries(lock.packages);
  // esbuild, for the tests alone, has a script that looks whether npm has installed its program; it works without.
  expect(entries.filter(([path, p]) => p.hasInstallScript && !p.optional && path !== 'node_modules/esbuild')).toEqual([]);
  expect(entries.filter(([, p]) => p.resolved !== undefined)).toEqual([]);
});
