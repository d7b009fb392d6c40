// Models by name on the command line, from a hub on loopback.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Hub } from '../support/hub';
import { root, storyModel } from '../support/shared';

const repo = 'someone/Tale-GGUF';
const commit = 'c0ffee00'.repeat(5);
const story = readFileSync(storyModel);

let hub: Hub;
let home = '';
beforeAll(async () => void (hub = await Hub.open()));
afterAll(() => hub.close());
beforeEach(() => {
  hub.reset();
  hub.repos.set(repo, { commit, files: { 'tale-Q8_0.gguf': story, 'tale-F16.gguf': story }, license: 'mit' });
  home = mkdtempSync(join(tmpdir(), 'llama-ts-hub-'));
});
afterEach(() => rmSync(home, { recursive: true }));

interface Ended {
  stdout: string;
  stderr: string;
  status: number | null;
}

function cli(...words: string[]): Promise<Ended> {
  const env = { ...process.env, HF_ENDPOINT: hub.endpoint, HF_HOME: home, HF_HUB_CACHE: '', HF_TOKEN: '' };
  const child = spawn(process.execPath, [join(root, 'dist', 'bin', 'llama-ts.js'), ...words], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended: Ended = { stdout: '', stderr: '', status: null };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.stderr += text));
  return new Promise((resolve) => child.once('close', (status) => resolve({ ...ended, status })));
}

const at = (file: string): string => join(home, 'hub', 'models--someone--Tale-GGUF', 'snapshots', commit, file);

test('pull brings a model, says what it chose and where it lies; ls, show and rm know it', async () => {
  expect(await cli('pull', repo)).toEqual({
    stdout: `${at('tale-Q8_0.gguf')}\n`,
    stderr: `Bringing ${repo}: 3.66 MB\n${repo} names no quantization: this is Q8_0, of Q8_0, F16\nBrought hf:${repo}:Q8_0, license mit\n`,
    status: 0,
  });
  const listed = await cli('ls');
  expect(listed.stdout).toMatch(/^NAME +SIZE +MODIFIED\nhf:someone\/Tale-GGUF:Q8_0 +3\.66 MB +\d{4}-\d\d-\d\d\n$/);
  expect(JSON.parse((await cli('ls', '--json')).stdout)).toMatchObject([{ reference: `hf:${repo}:Q8_0`, path: at('tale-Q8_0.gguf') }]);
  const { stdout } = await cli('show', `hf:${repo}:Q8_0`);
  expect(stdout).toMatch(/^architecture +llama$/m);
  expect(stdout).toMatch(/^weights +Q8_0, 3\.66 MB$/m);
  expect(stdout).toContain(at('tale-Q8_0.gguf'));
  hub.seen.length = 0;
  const removed = await cli('rm', `hf:${repo}:Q8_0`);
  expect(removed).toMatchObject({ stdout: `removed ${at('tale-Q8_0.gguf')}\n3.66 MB are free again\n`, status: 0 });
  expect(existsSync(join(home, 'hub', 'models--someone--Tale-GGUF'))).toBe(false);
  expect(await cli('rm', `hf:${repo}:Q8_0`)).toMatchObject({
    stdout: '',
    stderr: expect.stringMatching(/^llama-ts: hf:.* is not in the cache/) as string,
    status: 1,
  });
  expect(await cli('ls')).toEqual({ stdout: '', stderr: 'No model is here yet: llama-ts pull lists some for a beginning.\n', status: 0 });
  expect(hub.seen).toEqual([]);
});

test('without a name, pull lists models with size and licence, and brings nothing', async () => {
  const { stdout, stderr, status } = await cli('pull');
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  expect(stdout).toMatch(/^NAME +SIZE +LICENSE +FOR\n/);
  expect(stdout).toMatch(/^qwen3-4b +about 2\.50 GB +Apache-2\.0 +\S/m);
  expect(JSON.parse((await cli('pull', '--json')).stdout)).toContainEqual(expect.objectContaining({ name: 'qwen3-4b', license: 'Apache-2.0' }));
  expect(hub.seen).toEqual([]);
  expect(existsSync(join(home, 'hub'))).toBe(false);
});

test('run, tokenize and perplexity take names; the second time without a request', async () => {
  const told = await cli('run', '-hf', `${repo}:F16`, '-p', 'Once upon a time', '-n', '8', '--temp', '0');
  expect(told).toMatchObject({ stdout: expect.stringMatching(/^Once upon a time./) as string, status: 0 });
  expect(told.stderr).toMatch(/^Bringing hf:someone\/Tale-GGUF:F16: 3\.66 MB\nBrought hf:someone\/Tale-GGUF:F16, license mit\n$/);
  hub.seen.length = 0;
  for (const words of [
    ['-m', `hf:${repo}:F16`],
    ['-hf', repo, '-hff', 'tale-F16.gguf'],
    ['-m', `hf.co/${repo}:f16`, '--offline'],
    ['-mu', `${hub.endpoint}/${repo}/blob/main/tale-F16.gguf`],
  ])
    expect(await cli('run', ...words, '-p', 'Once upon a time', '-n', '8', '--temp', '0')).toEqual({ stdout: told.stdout, stderr: '', status: 0 });
  expect(await cli('tokenize', '-m', `hf:${repo}:F16`, '--ids', 'Once')).toMatchObject({ stderr: '', status: 0 });
  expect(hub.seen).toEqual([]);
});

test('inspect and show read the header of what is not here', async () => {
  const { stdout, status } = await cli('inspect', `hf:${repo}:F16`, '--json');
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ path: `hf:${repo}:F16`, bytes: story.length, metadata: { 'general.architecture': 'llama' } });
  expect(hub.bytesAsked.length).toBe(1);
  expect((await cli('show', repo)).stdout).toMatch(/^path +not here: llama-ts pull brings it$/m);
  expect(existsSync(join(home, 'hub'))).toBe(false);
});

test.each(['/none/of.gguf', './none.gguf', '../none'])('show of the path %s looks for a file alone', async (path) => {
  expect(await cli('show', path)).toMatchObject({ stdout: '', stderr: `llama-ts: ${path}: cannot be opened: No such file or directory\n`, status: 1 });
  expect(hub.seen).toEqual([]);
});

test('ps tells what it can', async () => {
  expect(await cli('ps')).toEqual({
    stdout: '',
    stderr: 'No server answers at http://127.0.0.1:8080: give the address of another. A model that a program has loaded is seen by that program alone.\n',
    status: 0,
  });
  expect((await cli('ps', '--json')).stdout).toBe('{"models":[],"downloads":[]}\n');
  expect(await cli('ps', 'http://127.0.0.1:9')).toMatchObject({
    stderr: expect.stringMatching(/^llama-ts: ps: http:\/\/127\.0\.0\.1:9 does not answer/),
    status: 1,
  });
});

test.each<[string[], RegExp]>([
  [['pull', 'hf:nobody/nothing'], /^llama-ts: nobody\/nothing does not exist at .* HF_TOKEN/],
  [['pull', `${repo}:Q4_K_M`], /^llama-ts: someone\/Tale-GGUF has no Q4_K_M: it has Q8_0, F16/],
  [['pull', 'nothing'], /^llama-ts: "nothing" names no model: .* none of the names that llama-ts pull lists/],
  [['pull', 'https://example.invalid/x.bin'], /^llama-ts: .* does not end in the name of a GGUF file/],
  [['pull', repo, '--offline'], /^llama-ts: hf:someone\/Tale-GGUF is not in the cache .*offline/],
  [['run', '-m', 'x.gguf', '-hf', repo, '-p', 'x'], /^llama-ts: -m and -hf: each names a model: give one of them/],
  [['run', '-hff', 'x.gguf', '-p', 'x'], /^llama-ts: -hff: has an effect with -hf USER\/REPO only/],
  [['convert', `hf:${repo}`, 'x.gguf'], /^llama-ts: path: expected a path on this machine, .* pull\(\) brings a model/],
  [['quantize', '-cl'], /^llama-ts: unknown command/],
  [['embed', 'x'], /^llama-ts: expected a model: -m FILE\.gguf, or -hf USER\/REPO/],
])('%j is refused in one line', async (words, message) => {
  const { stdout, stderr, status } = await cli(...words);
  expect(stderr).toMatch(message);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect({ stdout, status }).toEqual({ stdout: '', status: 1 });
});
