// llama-ts chat with the tools of servers of the Model Context Protocol.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { hermes } from '../support/ecosystem';
import { lineOf, linesOf, pidOf, runs } from '../support/log';
import { root, storyModel } from '../support/shared';
import { play, terminalTest, type Played, type Step } from '../support/terminal';

const program = join(root, 'dist', 'bin', 'llama-ts.js');
const script = join(root, 'test', 'fixtures', 'mcp-server.cjs');

let folder = '';
let log = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'llama-ts-mcp-')));
  log = join(folder, 'a log');
  writeFileSync(join(folder, 'hermes.jinja'), hermes);
});
afterEach(() => rmSync(folder, { recursive: true }));

const command = (...kinds: string[]): string => [`'${process.execPath}'`, `"${script}"`, `"${log}"`, ...kinds].join(' ');
const flags = (...more: string[]): string[] => ['chat', '-m', storyModel, '--temp', '0', '-n', '200', '--chat-template-file', 'hermes.jinja', ...more];
const called = (): string[] => linesOf(log).slice(1);

function pipe(...more: string[]): { stdout: string; stderr: string; status: number | null } {
  return spawnSync(process.execPath, [program, ...flags(...more)], { cwd: folder, encoding: 'utf8', input: 'Is it warm?\n', timeout: 120_000 });
}

describe('behind a pipe', () => {
  test('a tool that is allowed is run; call and result are shown, and the server ends with the chat', () => {
    const { stdout, status } = pipe('--mcp', command('one'), '--mcp-allow', 'weather', '--tool-choice', 'required');
    expect(stdout).toMatch(/^\[weather \{"city":"(Bern|Oslo)"\}\]\n7 degrees in \1\n/);
    expect(called()[0]).toMatch(/^weather (Bern|Oslo)$/);
    expect(status).toBe(0);
    expect(runs(pidOf(log))).toBe(false);
  });

  test('one that is not is refused, as nobody can be asked', () => {
    const { stdout, stderr, status } = pipe('--mcp', command('one'), '--mcp-allow', 'other', '--tool-choice', 'weather');
    expect(stdout).toMatch(/\]\nError: the user did not allow this call\n/);
    expect(stderr).toMatch(/^weather was not run, as nobody could be asked: --mcp-allow weather allows it$/m);
    expect([called(), status]).toEqual([[], 0]);
  });

  test('servers of a file, beside others', () => {
    const servers = { near: { command: process.execPath, args: [script, log, 'one'] }, off: { command: 'nothing', disabled: true } };
    writeFileSync(join(folder, 'mcp.json'), JSON.stringify({ mcpServers: servers }));
    const second = [`"${process.execPath}"`, `"${script}"`, 'log2', 'one'].join(' ');
    const { status } = pipe('--mcp-config', 'mcp.json', '--mcp', second, '--mcp-allow', 'all', '--tool-choice', 'mcp-server_weather');
    expect(status).toBe(0);
    expect(called()).toEqual([]);
    expect(linesOf(join(folder, 'log2'))[1]).toMatch(/^weather /);
    writeFileSync(join(folder, 'mcp.json'), '{}');
    expect(pipe('--mcp-config', 'mcp.json')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/^llama-ts: mcp\.json: expected a configuration with "mcpServers"/),
    });
  });

  test('a server that does not start ends the chat, with its words', () => {
    const { stderr, status } = pipe('--mcp', command('broken'));
    expect(stderr).toMatch(/^llama-ts: the MCP server mcp-server cannot be used: .*; it said: no database here$/m);
    expect(status).toBe(1);
  });

  test('a tool cannot be both in --tools and of a server', () => {
    writeFileSync(join(folder, 'tools.json'), JSON.stringify([{ name: 'weather' }]));
    expect(pipe('--mcp', command('one'), '--tools', 'tools.json')).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/--tools: weather is also a tool/),
    });
    expect(runs(pidOf(log))).toBe(false);
  });
});

const untilSignal = process.platform === 'win32' ? test.skip : test;

untilSignal('a signal to the chat ends its servers, also one that does not heed it', async () => {
  const words = flags('-p', 'Go.', '-st', '--mcp', command('stubborn'), '--mcp-allow', 'all', '--tool-choice', 'waits');
  const chat = spawn(process.execPath, [program, ...words], { cwd: folder, stdio: ['ignore', 'ignore', 'ignore'] });
  const ended = new Promise((resolve) => chat.once('close', (code) => resolve(code)));
  await lineOf(log, 'waiting');
  expect(runs(pidOf(log))).toBe(true);
  chat.kill('SIGTERM');
  expect(await ended).toBe(143);
  expect(linesOf(log)).toContain('SIGTERM');
  expect(runs(pidOf(log))).toBe(false);
});

describe('at a terminal', () => {
  const chat = (steps: readonly Step[], ...more: string[]): Promise<Played> =>
    play(folder, process.execPath, [program, ...flags('--mcp', command('one'), '--tool-choice', 'weather', ...more)], steps);
  const asks = '(n)o: ';

  terminalTest('it asks before a tool runs: no, yes, always', async () => {
    const { screen, missed, status } = await chat([
      ['wait', '> '],
      ['send', 'One.\r'],
      ['wait', asks],
      ['send', 'n\r'],
      ['wait', 'did not allow'],
      ['wait', '> '],
      ['send', '/undo\r'],
      ['wait', '> '],
      ['send', 'Two.\r'],
      ['wait', asks],
      ['send', 'yes\r'],
      ['wait', '7 degrees'],
      ['wait', '> '],
      ['send', '/undo\r'],
      ['wait', '> '],
      ['send', 'Three.\r'],
      ['wait', asks],
      ['send', 'a\r'],
      ['wait', '7 degrees'],
      ['wait', '> '],
      ['send', '/undo\r'],
      ['wait', '> '],
      ['send', '/tools\r'],
      ['wait', 'weather (runs without a question)'],
      ['wait', '> '],
      ['send', 'Four.\r'],
      ['wait', '7 degrees'],
      ['wait', '> '],
      ['send', '/exit\r'],
    ]);
    expect({ missed, status }).toEqual({ missed: null, status: 0 });
    expect(screen).toMatch(/Run weather \{"city":"(Bern|Oslo)"\}\? \(y\)es, \(a\)lways, \(n\)o: /);
    expect(called().filter((line) => line.startsWith('weather')).length).toBeGreaterThanOrEqual(3);
    expect(runs(pidOf(log))).toBe(false);
  });

  terminalTest('Ctrl-C at the question stops the answer, and the chat goes on', async () => {
    const { missed, status } = await chat([
      ['wait', '> '],
      ['send', 'One.\r'],
      ['wait', asks],
      ['send', '\x03'],
      ['wait', '> '],
      ['send', '/tools\r'],
      ['wait', 'weather  The weather in a city.'],
      ['wait', '> '],
      ['send', '/exit\r'],
    ]);
    expect({ missed, status, called: called() }).toEqual({ missed: null, status: 0, called: [] });
  });

  terminalTest('the end of the input is a no', async () => {
    const { missed } = await chat([
      ['wait', '> '],
      ['send', 'One.\r'],
      ['wait', asks],
      ['send', '\x04'],
      ['wait', 'did not allow'],
    ]);
    expect({ missed, called: called() }).toEqual({ missed: null, called: [] });
  });

  terminalTest('a single turn asks, too', async () => {
    const { missed, status } = await chat(
      [
        ['wait', asks],
        ['send', 'y\r'],
        ['wait', '7 degrees'],
      ],
      '-p',
      'One.',
      '-st',
    );
    expect({ missed, status }).toEqual({ missed: null, status: 0 });
    expect(called()[0]).toMatch(/^weather /);
  });
});
