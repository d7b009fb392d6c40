// `llama-ts serve` and `llama-ts top`, as programs.
import { spawn, type ChildProcess } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { pidOf, runs } from '../support/log';
import { root, storyModel } from '../support/shared';

const program = join(root, 'dist', 'bin', 'llama-ts.js');

interface Program {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; errors: string; output: string }>;
  /** Resolves with what was found in the standard error. */
  told(what: RegExp): Promise<RegExpExecArray>;
}

function run(...words: string[]): Program {
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, LLAMA_API_KEY: '' } });
  let [errors, output] = ['', ''];
  let look = (): void => {};
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
    look();
  });
  const ended = new Promise<{ code: number | null; errors: string; output: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, errors, output })),
  );
  const told = (what: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      look = () => {
        const found = what.exec(errors);
        if (found) resolve(found);
      };
      look();
      void ended.then(() => reject(new Error(`it ended: ${errors}`)));
    });
  return { child, ended, told };
}

const serving = async (...words: string[]): Promise<Program & { url: string }> => {
  const server = run('serve', '-m', storyModel, '--port', '0', '-t', '1', ...words);
  const [, url = ''] = await server.told(/serves (http\S+):/);
  return Object.assign(server, { url });
};

const posix = process.platform === 'win32' ? test.skip : test;

posix('the tools of an MCP server are run, and it ends with the server', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'llama-ts-serve-mcp-'));
  const log = join(folder, 'log');
  const server = await serving('--log-level', 'silent', '--mcp', `"${process.execPath}" "${join(root, 'test', 'fixtures', 'mcp-server.cjs')}" "${log}" one`);
  expect(await (await fetch(`${server.url}/tools`)).json()).toMatchObject({ tools: [{ name: 'weather' }] });
  const called = await fetch(`${server.url}/tools/call`, { method: 'POST', body: '{"name":"weather","arguments":{"city":"Bern"}}' });
  expect(await called.json()).toEqual({ content: '7 degrees in Bern', is_error: false });
  expect(runs(pidOf(log))).toBe(true);
  server.child.kill('SIGTERM');
  expect((await server.ended).code).toBe(0);
  expect(runs(pidOf(log))).toBe(false);
  rmSync(folder, { recursive: true });
});

posix('serves, is watched, and ends when it is told to', async () => {
  const server = await serving('--alias', 'story,tale', '--parallel', '4', '--parallel', '1');
  expect(await (await fetch(`${server.url}/props`)).json()).toMatchObject({ total_slots: 1 }); // what is said last counts
  const response = await fetch(`${server.url}/v1/chat/completions`, {
    method: 'POST',
    body: JSON.stringify({ model: 'tale', messages: [{ role: 'user', content: 'Hello' }], max_tokens: 3 }),
  });
  expect(await response.json()).toMatchObject({ model: 'story', usage: { completion_tokens: 3 } });
  expect((await run('ps', server.url).ended).output).toMatch(/^MODEL +SIZE +UNTIL\nstory +\d.*MB/);
  const { code, output } = await run('top', server.url, '--times', '1', '--interval', '0.01').ended;
  expect(code).toBe(0);
  expect(output).toMatch(/requests +0 running, 0 waiting[\s\S]*story: \d+ MiB/);
  server.child.kill('SIGTERM');
  const ended = await server.ended;
  expect(ended.code).toBe(0);
  const lines = ended.errors.split('\n').filter((line) => line.startsWith('{'));
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(expect.arrayContaining(['model loaded', 'listening', 'request', 'closed']));
});

posix('a second signal ends it at once', async () => {
  const server = await serving('--log-level', 'silent');
  const body = JSON.stringify({ messages: [{ role: 'user', content: 'Hello' }], max_tokens: 900, n: 128, ignore_eos: true, stream: true });
  const response = await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body });
  await response.body?.getReader().read(); // it runs
  server.child.kill('SIGINT');
  await expect(
    (async () => {
      for (;;) await fetch(`${server.url}/health`);
    })(),
  ).rejects.toThrow(); // it has heard the first
  server.child.kill('SIGINT');
  expect((await server.ended).code).toBe(130);
});

test('several models, of a folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'llama-ts-folder-'));
  for (const name of ['one.gguf', 'two-00001-of-00002.gguf', 'two-00002-of-00002.gguf', 'mmproj-one.gguf']) copyFileSync(storyModel, join(folder, name));
  writeFileSync(join(folder, 'readme.txt'), '');
  const server = run('serve', '--models-dir', folder, '--port', '0', '-t', '1', '--log-level', 'silent');
  const ended = await server.told(/serves (http\S+):/).then(
    async ([, url = '']) => ((await (await fetch(`${url}/v1/models`)).json()) as { data: { id: string }[] }).data.map(({ id }) => id),
    async () => (await server.ended).errors,
  );
  expect(ended).toEqual(['one', 'two-00001-of-00002']);
  server.child.kill('SIGKILL');
  await server.ended;
  rmSync(folder, { recursive: true });
});

test.each([
  [['--host', '0.0.0.0'], /--api-key/],
  [['--tls-cert', 'nowhere.pem', '--tls-key', 'nowhere.pem'], /--tls-cert: cannot read nowhere\.pem: ENOENT/],
  [['--tls-cert', 'nowhere.pem'], /give both/],
  [['--cors-origin', '*'], /corsOrigins/],
  [['--port', 'x'], /--port: expected a number/],
])('what cannot be served is said: %j', async (words, said) => {
  const { code, errors } = await run('serve', '-m', storyModel, '--port', '0', ...words).ended;
  expect([code, errors]).toEqual([1, expect.stringMatching(said)]);
});

test('a model that is not there, a server that is not there', async () => {
  expect(await run('serve', '-m', 'nowhere.gguf', '--port', '0').ended).toMatchObject({ code: 1, errors: expect.stringContaining('nowhere.gguf') });
  expect(await run('top', 'http://127.0.0.1:1').ended).toMatchObject({ code: 1, errors: expect.stringContaining('does not answer') });
});
