// llama-ts build: what it starts ends with it, and what it compiles with is fetched where it is missing.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

import { buildTools } from '../../bin/build-tools';
import { Registry } from '../support/registry';
import { root } from '../support/shared';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'llama-ts-build-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

const onPosix = process.platform === 'win32' ? (name: string, run: () => Promise<void>) => test.skip(`${name} (skipped: Windows has no signals)`, run) : test;

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A process that has ended stays in the table until its parent has asked for it: under a container's first process, for ever.
    return !/^\d+ \(.*\) Z/s.test(process.platform === 'linux' ? readFileSync(`/proc/${pid}/stat`, 'latin1') : '');
  } catch {
    return false;
  }
};

/** Waits for a file and gives its lines as numbers. */
async function pidsIn(path: string): Promise<number[]> {
  for (;;) {
    const found = existsSync(path) ? readFileSync(path, 'utf8') : '';
    if (found.endsWith('\n')) return found.trim().split('\n').map(Number);
    await new Promise((wake) => setTimeout(wake, 20));
  }
}

describe('a signal to the build alone', () => {
  // Stands in for cmake: it starts a program in a process group of its own, as ninja does, and both go on for ever.
  const cmake = (pids: string): void => {
    const fake = `#!${process.execPath}
const { spawn } = require('node:child_process');
if (process.argv.includes('--version')) console.log('cmake version 3.99.0');
else {
  const grandchild = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { detached: true, stdio: 'ignore' });
  require('node:fs').writeFileSync(${JSON.stringify(pids)}, process.pid + '\\n' + grandchild.pid + '\\n');
  setInterval(() => {}, 1000);
}
`;
    writeFileSync(join(folder, 'cmake'), fake);
    chmodSync(join(folder, 'cmake'), 0o755);
  };

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    onPosix(`${signal} ends cmake and what it started`, async () => {
      const pids = join(folder, 'pids');
      cmake(pids);
      for (const tool of ['c++', 'make']) {
        writeFileSync(join(folder, tool), '#!/bin/sh\nexit 0\n');
        chmodSync(join(folder, tool), 0o755);
      }
      const env = { ...process.env, PATH: [folder, process.env.PATH].join(delimiter) };
      const build = spawn(process.execPath, [join(root, 'dist', 'bin', 'llama-ts.js'), 'build'], { env, stdio: 'ignore' });
      const ended = new Promise((resolve) => build.once('exit', resolve));
      const [first = 0, second = 0] = await pidsIn(pids);
      expect([alive(first), alive(second)]).toEqual([true, true]);
      build.kill(signal);
      expect(await ended).toBe(code);
      expect([alive(first), alive(second)]).toEqual([false, false]);
    });
  }
});

describe('cmake-js and the headers', () => {
  test('are of the versions that a clone has', () => {
    const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { devDependencies: Record<string, string> };
    expect(devDependencies).toMatchObject(buildTools);
  });

  // In a process of its own, as npm_execpath, the registry and the folder are its environment.
  const fetchTools = (registry: string): Promise<{ status: number | null; stdout: string; stderr: string }> => {
    const package_ = join(folder, 'package');
    mkdirSync(package_, { recursive: true });
    const script = `require(${JSON.stringify(join(root, 'dist', 'bin', 'build-tools.js'))}).toolsFor(${JSON.stringify(package_)}).then((t) => console.log(JSON.stringify(t)), (e) => { console.error(e.message); process.exitCode = 1; })`;
    const env = { ...process.env, npm_config_registry: registry, npm_config_cache: join(folder, 'cache'), npm_config_fetch_retries: '0' };
    return new Promise((resolve) => {
      const child = spawn(process.execPath, ['-e', script], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
      let [stdout, stderr] = ['', ''];
      child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
      child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
      child.once('close', (status) => resolve({ status, stdout, stderr }));
    });
  };
  const hasNpm = spawnSync('npm', ['--version'], { shell: process.platform === 'win32' }).status === 0;
  const npmTest = hasNpm ? test : (name: string, run: () => Promise<void>) => test.skip(`${name} (skipped: npm is not in PATH)`, run);

  npmTest('are fetched once where they are missing', async () => {
    const registry = await Registry.open([], join(root, 'node_modules'));
    try {
      const first = await fetchTools(registry.url);
      expect(first).toMatchObject({
        status: 0,
        stderr: expect.stringMatching(/^Fetching what llama-ts is compiled with: cmake-js@\S+, node-addon-api@\S+\n/) as string,
      });
      const { program, settings } = JSON.parse(first.stdout) as { program: string; settings: string[] };
      expect(existsSync(program)).toBe(true);
      const [, headers = ''] = /^--CDCMAKE_JS_INC=(.*)$/.exec(settings[0] ?? '') ?? [];
      expect(headers.split(';').map((path, i) => existsSync(join(path, ['node_api.h', 'napi.h'][i] as string)))).toEqual([true, true]);
    } finally {
      registry.close();
    }
    expect(await fetchTools('http://127.0.0.1:9/')).toMatchObject({ status: 0, stderr: '' });
  });

  npmTest('that cannot be fetched are asked for', async () => {
    const { status, stderr } = await fetchTools('http://127.0.0.1:9/');
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^to compile, llama-ts needs cmake-js@\S+ and node-addon-api@\S+, and npm could not fetch them\. To get them: npm install --no-save /m,
    );
  });
});
