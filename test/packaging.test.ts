// The packages as they are published, installed from tarballs into an empty project where PATH has no compiler. With
// LLAMA_TS_PACKAGES the tarballs of that folder, otherwise those of the addon that was built here.
import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { arch, platform, tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';

import { Registry } from './support/registry';
import { root, storyModel } from './support/shared';

interface Platform {
  readonly os: string;
  readonly cpu: string;
  readonly libc?: string;
  readonly parts: readonly string[];
}
const { platforms, nameOf, here, cpuPackages, gpuPackages } = jest.requireActual<{
  platforms: readonly Platform[];
  nameOf(platform: Platform, part?: string): string;
  here(): Platform;
  cpuPackages(): string[];
  gpuPackages(): string[];
}>('../scripts/platforms.js');
const { packMain } = jest.requireActual<{ packMain(output: string): { path: string } }>('../scripts/pack.js');
const { packAddon } = jest.requireActual<{ packAddon(platform: Platform, part: string | undefined, output: string): { path: string } }>(
  '../scripts/prebuild.js',
);

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

let folder = '';
let bare = ''; // a PATH with node and a shell alone

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'llama-ts-packaging-')));
  bare =
    platform() === 'win32' ? [dirname(process.execPath), join(process.env.SystemRoot ?? 'C:\\Windows', 'System32')].join(delimiter) : join(folder, 'programs');
  if (platform() === 'win32') return;
  mkdirSync(bare);
  symlinkSync(process.execPath, join(bare, 'node'));
  symlinkSync('/bin/sh', join(bare, 'sh'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const npmCli = [
  process.env.npm_execpath ?? '',
  join(dirname(process.execPath), 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  join(dirname(realpathSync(process.execPath)), '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js'),
  '/usr/share/nodejs/npm/bin/npm-cli.js',
].find((path) => path.endsWith('npm-cli.js') && existsSync(path));

/** Runs node in the project; nothing of this machine's npm settings or programs is seen. */
function node(project: string, args: readonly string[], registry?: Registry, path = bare): Promise<Ended> {
  const env = {
    PATH: path,
    HOME: folder,
    USERPROFILE: folder,
    SystemRoot: process.env.SystemRoot,
    npm_config_cache: join(folder, 'cache'),
    npm_config_userconfig: join(folder, 'npmrc'),
    npm_config_globalconfig: join(folder, 'npmrc-global'),
    npm_config_update_notifier: 'false',
    npm_config_registry: registry?.url ?? 'http://127.0.0.1:9/',
  };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended: Ended = { status: null, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
    child.once('error', reject).once('close', (status) => resolve({ ...ended, status }));
  });
}

/** An empty project with llama-ts installed from these tarballs. */
async function install(name: string, tarballs: readonly string[], ...packages: string[]): Promise<string> {
  const project = join(folder, name);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  const registry = await Registry.open(tarballs, join(root, 'node_modules'));
  try {
    const { status, stderr } = await node(project, [npmCli as string, 'install', '--no-audit', '--no-fund', 'llama-ts', ...packages], registry);
    if (status !== 0) throw new Error(stderr);
  } finally {
    registry.close();
  }
  return project;
}

function bytesIn(path: string): number {
  const stat = lstatSync(path);
  return stat.isDirectory() ? readdirSync(path).reduce((sum, name) => sum + bytesIn(join(path, name)), 0) : stat.size;
}

/** The first example of the README, as a module. */
function example(): string {
  return /^```js\n([\s\S]*?)^```$/m.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1] ?? '';
}

const given = process.env.LLAMA_TS_PACKAGES;

function ours(): string[] {
  if (given !== undefined)
    return readdirSync(given)
      .filter((name) => name.endsWith('.tgz'))
      .map((name) => join(given, name));
  return [packMain(folder).path, packAddon(here(), undefined, folder).path];
}

const requireIt = `try { require('llama-ts'); console.log('loaded'); } catch (e) { console.log(e.name, e.code, e.message); }`;

describe('published packages', () => {
  const possible = npmCli === undefined ? 'npm is not beside this node' : undefined;
  const able = (name: string, run: () => Promise<void>, timeoutMs = 240_000) =>
    possible === undefined ? test(name, run, timeoutMs) : test.skip(`${name} (skipped: ${possible})`, run);

  let tarballs: string[] = [];
  let project = '';
  beforeAll(async () => {
    if (possible !== undefined) return;
    tarballs = ours();
    project = await install('project', tarballs);
    copyFileSync(storyModel, join(project, 'model.gguf'));
  }, 240_000);

  able('the package of this platform comes along, and no other', async () => {
    const scope = readdirSync(join(project, 'node_modules', '@llama-ts'));
    expect(scope.map((name) => `@llama-ts/${name}`)).toEqual([nameOf(here())]);
  });

  able('require and import load it', async () => {
    expect((await node(project, ['-e', requireIt])).stdout).toBe('loaded\n');
    const imported = await node(project, ['--input-type=module', '-e', `import { loadModel } from 'llama-ts'; console.log(typeof loadModel);`]);
    expect(imported).toMatchObject({ status: 0, stdout: 'function\n' });
  });

  able("the README's example runs, in a worker too", async () => {
    writeFileSync(join(project, 'example.mjs'), example());
    const alone = await node(project, ['example.mjs']);
    expect(alone).toMatchObject({ status: 0, stderr: '' });
    expect(alone.stdout.length).toBeGreaterThan(100);
    const inWorker = await node(project, ['-e', `new (require('node:worker_threads').Worker)('./example.mjs')`]);
    expect(inWorker).toMatchObject({ status: 0, stderr: '' });
    expect(inWorker.stdout.length).toBeGreaterThan(100);
  });

  able('npx llama-ts runs', async () => {
    const { status, stdout } = await node(project, [
      npmCli as string,
      'exec',
      '--offline',
      '--',
      'llama-ts',
      'run',
      '-p',
      'Once upon a time',
      '-n',
      '8',
      '--seed',
      '1',
    ]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Once upon a time\S* .+/);
  });

  able('an installation is below 40 MB, and has nothing that only compiling needs', async () => {
    expect(bytesIn(join(project, 'node_modules'))).toBeLessThan(40e6);
    for (const name of ['cmake-js', 'node-addon-api', 'node-api-headers']) expect(existsSync(join(project, 'node_modules', name))).toBe(false);
  });

  able('the documentation comes along, and every page that it links to', async () => {
    const installed = join(project, 'node_modules', 'llama-ts');
    const pages = [
      'README.md',
      'CHANGELOG.md',
      ...readdirSync(join(installed, 'docs'), { recursive: true, encoding: 'utf8' })
        .filter((n) => n.endsWith('.md'))
        .map((n) => join('docs', n)),
    ];
    expect(pages.length).toBeGreaterThan(20);
    for (const page of pages) {
      const links = [...readFileSync(join(installed, page), 'utf8').matchAll(/\]\(([^)#:]+\.md)(#[^)]*)?\)/g)].map(([, path]) =>
        join(installed, dirname(page), path ?? ''),
      );
      expect(links.filter((path) => !existsSync(path))).toEqual([]);
    }
  });

  able('publint and attw find nothing wrong with it', async () => {
    const main = tarballs.find((path) => /llama-ts-\d[^/\\]*$/.test(path)) as string;
    const lint = spawnSync(process.execPath, [join(root, 'node_modules', 'publint', 'src', 'cli.js'), main, '--strict'], { encoding: 'utf8' });
    expect({ status: lint.status, text: lint.status === 0 ? '' : lint.stdout + lint.stderr }).toEqual({ status: 0, text: '' });
    const script = `import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
      const { types, problems } = await checkPackage(createPackageFromTarballData((await import('node:fs')).readFileSync(process.argv[1])));
      console.log(JSON.stringify({ types, problems }));`;
    const types = spawnSync(process.execPath, ['--input-type=module', '-e', script, main], { cwd: root, encoding: 'utf8' });
    expect({ stdout: types.stdout, stderr: types.stderr }).toEqual({ stdout: '{"types":{"kind":"included"},"problems":[]}\n', stderr: '' });
  });

  // With LLAMA_TS_COMPILE it compiles as well, which takes minutes.
  able(
    "with another platform's package only, require says what to do, and so does build",
    async () => {
      const foreign = platforms.find((p) => p.os !== platform() && p.cpu === 'arm64') ?? here();
      const main = tarballs.find((path) => /llama-ts-\d[^/\\]*$/.test(path)) as string;
      const other =
        given === undefined
          ? [packAddon(foreign, undefined, folder).path]
          : tarballs.filter((path) => path.includes(nameOf(foreign).replace('@', '').replace('/', '-')));
      expect(other.length).toBeGreaterThan(0);
      const bareProject = await install('other', [main, ...other]);
      expect(existsSync(join(bareProject, 'node_modules', '@llama-ts'))).toBe(false);
      expect((await node(bareProject, ['-e', requireIt])).stdout).toMatch(
        new RegExp(`^LlamaError BINARY llama-ts has no compiled addon for ${platform()}-${arch()} .*@llama-ts/${platform()}-${arch()}.*"npx llama-ts build"`),
      );
      const build = await node(bareProject, [npmCli as string, 'exec', '--offline', '--', 'llama-ts', 'build']);
      expect(build.status).toBe(1);
      expect(build.stderr).toMatch(/^llama-ts: to compile, this machine lacks cmake.* To get it: /m);
      if (!process.env.LLAMA_TS_COMPILE) return;
      const registry = await Registry.open([], join(root, 'node_modules')); // cmake-js is fetched now
      const compiled = await node(bareProject, [npmCli as string, 'exec', '--offline', '--', 'llama-ts', 'build'], registry, process.env.PATH);
      registry.close();
      expect(compiled).toMatchObject({ status: 0 });
      expect((await node(bareProject, ['-e', requireIt])).stdout).toBe('loaded\n');
    },
    3_600_000,
  );

  const part = here().parts[0];
  const gpu =
    part === undefined || given !== undefined
      ? (name: string, run: () => Promise<void>) => test.skip(`${name} (skipped: no package with a GPU's part here)`, run)
      : able;
  gpu("a package with a GPU's part, installed by name, comes before the one of the CPU", async () => {
    const name = nameOf(here(), part);
    const withPart = await install('gpu', [...tarballs, packAddon(here(), part, folder).path], name);
    const script = `require('llama-ts'); console.log(Object.keys(require.cache).find((path) => path.endsWith('.node')))`;
    expect((await node(withPart, ['-e', script])).stdout).toContain(join(...name.split('/'), 'prebuilds'));
  });
});

test('packages say where they come from: the copy of the project that publishes them', () => {
  const { homepage, repository, bugs } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Record<string, string>;
  expect([homepage, repository, bugs]).toEqual([
    'https://github.com/OWNER/llama-ts#readme',
    'github:OWNER/llama-ts',
    'https://github.com/OWNER/llama-ts/issues',
  ]);
  const script = `const { addresses } = require('./scripts/stage.js'); console.log(JSON.stringify(addresses()));`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { cwd: root, encoding: 'utf8', env: { ...process.env, GITHUB_REPOSITORY: 'somebody/fork' } });
  expect(JSON.parse(stdout)).toEqual({
    homepage: 'https://github.com/somebody/fork#readme',
    repository: 'github:somebody/fork',
    bugs: 'https://github.com/somebody/fork/issues',
  });
});

describe('the changelog', () => {
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
  const headings = [...changelog.matchAll(/^## \[([^\]]+)\](?: - (\S+))?$/gm)].map(([, version, date]) => ({ version, date }));

  test('has what is not released first, then versions with their dates, the newest first', () => {
    expect(headings[0]).toEqual({ version: 'Unreleased', date: undefined });
    for (const { version, date } of headings.slice(1)) expect(`${version} ${date}`).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)? \d{4}-\d\d-\d\d$/);
    const numbers = headings.slice(1).map(({ version = '' }) =>
      version
        .split(/[.-]/)
        .slice(0, 3)
        .map(Number)
        .reduce((sum, n) => sum * 1e6 + n, 0),
    );
    expect(numbers).toEqual([...numbers].sort((a, b) => b - a));
    expect(
      [...changelog.matchAll(/^### (.*)$/gm)].filter(([, kind = '']) => !['Added', 'Changed', 'Deprecated', 'Removed', 'Fixed', 'Security'].includes(kind)),
    ).toEqual([]);
  });

  // A tag v1.2.3, which publishes, is of the version in package.json and has its heading.
  const tag = process.env.GITHUB_REF_TYPE === 'tag' ? process.env.GITHUB_REF_NAME : undefined;
  const tagged = tag === undefined ? (name: string, run: () => void) => test.skip(`${name} (skipped: no tag is built)`, run) : test;
  tagged('has the heading of the tag, which is of this version', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
    expect(tag).toBe(`v${version}`);
    expect(headings.map((h) => h.version)).toContain(version);
  });
});

test('the names of packages are different, and those of the CPU are for different machines', () => {
  const names = [...cpuPackages(), ...gpuPackages()];
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(platforms.map((p) => [p.os, p.cpu, p.libc].join())).size).toBe(platforms.length);
});
