// llama-ts chat at a terminal and behind a pipe.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync, existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type ChatJson, loadModel } from 'llama-ts';

import { root, storyModel } from '../support/shared';
import { play, terminalTest, type Played, type Step } from '../support/terminal';

const program = join(root, 'dist', 'bin', 'llama-ts.js');

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'llama-ts-chat-')));
});
afterEach(() => rmSync(folder, { recursive: true }));

interface Saved {
  messages: { role: string; content: string }[];
}
const saved = (name: string): Saved => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Saved;
const said = (name: string): string[] =>
  saved(name)
    .messages.filter((m) => m.role === 'user')
    .map((m) => m.content);

const flags = ['chat', '-m', storyModel, '--temp', '0', '-n', '12'];

function pipe(input: string, ...more: string[]): { stdout: string; stderr: string; status: number | null } {
  return spawnSync(process.execPath, [program, ...flags, ...more], { cwd: folder, encoding: 'utf8', input, timeout: 120_000 });
}

describe('behind a pipe', () => {
  test('commands are carried out, and what they are told is not said to the model', () => {
    const { stdout, status } = pipe(
      'Tell me of a cat.\nTell me of a dog.\n/undo\n/save a.json\n/clear\n/save b.json\n/load a.json\n/system Be brief.\n/save c.json\n/exit\nTell me of a fox.\n',
    );
    expect(status).toBe(0);
    expect(said('a.json')).toEqual(['Tell me of a cat.']);
    expect(saved('a.json').messages.map((m) => m.role)).toEqual(['user', 'assistant']);
    expect(saved('b.json')).toEqual({ messages: [] });
    expect(saved('c.json')).toEqual({ messages: [{ role: 'system', content: 'Be brief.' }, ...saved('a.json').messages] });
    expect(stdout.trim().split('\n')).toHaveLength(2);
    expect(statSync(join(folder, 'a.json')).mode & 0o777).toBe(0o600);
  });

  test('/regen answers again: the same where nothing is left to chance', () => {
    pipe('Tell me of a cat.\n/save a.json\n/regen\n/save b.json\n/set temp 2\n/set seed 5\n/regen\n/save c.json\n');
    expect(saved('b.json')).toEqual(saved('a.json'));
    expect(said('c.json')).toEqual(['Tell me of a cat.']);
    expect(saved('c.json').messages[1]?.content).not.toBe(saved('a.json').messages[1]?.content);
  });

  test('unknown commands are told about; two slashes say one', () => {
    const { stderr, status } = pipe('/nope\n//etc is a folder\n/save a.json\n');
    expect(stderr).toMatch(/^unknown command \/nope: \/help .*\/\/nope$/m);
    expect(said('a.json')).toEqual(['/etc is a folder']);
    expect(status).toBe(1);
  });

  test('lines that end in a backslash go on; two backslashes are two', () => {
    pipe('Tell me of\\\na cat\\\nand a dog.\nTwo \\\\\n/save a.json\n');
    expect(said('a.json')).toEqual(['Tell me of\na cat\nand a dog.', 'Two \\\\']);
  });

  test('/set says what is wrong and changes nothing then', () => {
    const { stderr } = pipe('/set temp warm\n/set temp -1\n/set nothing 1\n/set temp\n/set n 3\n/set\n');
    expect(stderr).toMatch(
      /\/set: --temperature: expected a number, found "warm"\n\/set: temperature: expected a number from 0 to 100, found -1\n\/set: unknown flag --nothing=1: .*\n\/set: expected NAME VALUE.*\n/,
    );
    expect(stderr).toMatch(/set:\n {2}max-tokens 3\n {2}temperature 0\n$/);
  });

  test('/save leaves other files alone, /load refuses them', () => {
    writeFileSync(join(folder, 'precious.txt'), 'precious');
    writeFileSync(join(folder, 'other.json'), '{"messages":[{"role":1}]}');
    const { stderr } = pipe('/save precious.txt\n/save other.json\n/load precious.txt\n/load absent.json\n/save\n/save none/a.json\n');
    expect(readFileSync(join(folder, 'precious.txt'), 'utf8')).toBe('precious');
    expect(stderr.split('\n').filter((line) => line.startsWith('/'))).toEqual([
      '/save: precious.txt already exists and is not a conversation: choose another name',
      '/save: other.json already exists and is not a conversation: choose another name',
      '/load: precious.txt: expected a conversation as /save writes it: JSON with "messages", each with "role" and "content"',
      '/load: cannot read absent.json: ENOENT',
      '/save: expected a file after it',
      '/save: cannot write none/a.json: ENOENT',
    ]);
  });

  test('what /save writes is what the API takes, and /load takes what the API writes', async () => {
    pipe('Tell me of a cat.\n/save a.json\n', '--system', 'Be brief.');
    await using model = await loadModel(storyModel);
    const chat = model.chat(JSON.parse(readFileSync(join(folder, 'a.json'), 'utf8')) as ChatJson);
    expect(chat.messages.map((m) => m.role)).toEqual(['system', 'user', 'assistant']);
    await chat.send('Tell me of a dog.', { maxTokens: 4 });
    writeFileSync(join(folder, 'b.json'), JSON.stringify(chat));
    pipe('/load b.json\n/save c.json\n');
    expect(saved('c.json').messages).toEqual(chat.messages);
  });

  test('a system message from a file, and escapes where they are asked for', () => {
    writeFileSync(join(folder, 'system.txt'), 'Be kind.');
    pipe('/save a.json\n', '-sysf', 'system.txt', '-p', 'a\\nb', '-e');
    expect(saved('a.json').messages[0]).toEqual({ role: 'system', content: 'Be kind.' });
    expect(said('a.json')).toEqual(['a\nb']);
    pipe('/save b.json\n', '-sys', 'Be\\tkind.', '-p', 'a\\nb');
    expect(saved('b.json').messages[0]).toEqual({ role: 'system', content: 'Be\\tkind.' });
    expect(said('b.json')).toEqual(['a\\nb']);
  });

  test('nothing to say is an error', () => {
    for (const input of ['', '\n', ' \n\n'])
      expect(pipe(input)).toMatchObject({ status: 1, stderr: expect.stringMatching(/llama-ts: standard input: expected a text, found nothing\n$/) as string });
    expect(pipe('x\n', '-p', '')).toMatchObject({ status: 1, stderr: 'llama-ts: --prompt: expected a text, found nothing\n' });
  });
});

describe('at a terminal', () => {
  const ready: Step = ['wait', '> '];
  const send = (text: string): Step => ['send', text];
  const chat = (steps: readonly Step[], ...more: string[]): Promise<Played> => play(folder, process.execPath, [program, ...flags, ...more], [ready, ...steps]);
  const save = (name: string): Step[] => [send(`/save ${name}\r`), ['wait', `${name}: `], ready];
  const leave = send('/exit\r');
  const history = (): string[] =>
    readFileSync(join(folder, 'llama-ts', 'chat-history'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as string);

  terminalTest('a pasted text of several lines is one message', async () => {
    const { missed, status } = await chat([send('\x1b[200~Tell me\rof a cat\r\rand a dog.\x1b[201~'), send('\r'), ready, ...save('a.json'), leave]);
    expect({ missed, status }).toEqual({ missed: null, status: 0 });
    expect(said('a.json')).toEqual(['Tell me\nof a cat\n\nand a dog.']);
  });

  terminalTest('lines that arrive together are one message, where the terminal does not tell of a paste too', async () => {
    const { missed } = await chat([send('Tell me\rof a cat\rand a dog.\r'), ready, ...save('a.json'), leave]);
    expect(missed).toBeNull();
    expect(said('a.json')).toEqual(['Tell me\nof a cat\nand a dog.']);
  });

  terminalTest('the history is kept, for its writer alone, and comes back with the arrow keys', async () => {
    await chat([send('Tell me of a cat.\r'), ready, send('\x1b[200~one\rtwo\x1b[201~\r'), ready, leave]);
    expect(history()).toEqual(['Tell me of a cat.', 'one\ntwo', '/exit']);
    expect(statSync(join(folder, 'llama-ts', 'chat-history')).mode & 0o777).toBe(0o600);
    const up = '\x1b[A';
    const answered: Step[] = [['wait', 'Once'], ready];
    const { missed } = await chat([
      send(up + up),
      ['wait', 'two'],
      send('\r'),
      ...answered,
      send(up + up + up),
      ['wait', 'Tell me of a cat.'],
      send('\r'),
      ...answered,
      ...save('a.json'),
      leave,
    ]);
    expect(missed).toBeNull();
    expect(said('a.json')).toEqual(['one\ntwo', 'Tell me of a cat.']);
  });

  terminalTest('--no-history keeps nothing; a long history is cut', async () => {
    await chat([send('Tell me of a cat.\r'), ready, leave], '--no-history');
    expect(existsSync(join(folder, 'llama-ts'))).toBe(false);
    mkdirSync(join(folder, 'llama-ts'));
    writeFileSync(
      join(folder, 'llama-ts', 'chat-history'),
      Array.from({ length: 1500 }, (_, i) => `${JSON.stringify(`line ${i}`)}\n`).join('') + 'not JSON\n',
      { mode: 0o644 },
    );
    await chat([leave]);
    expect(history()).toHaveLength(1001);
    expect(history()[0]).toBe('line 500');
    expect(statSync(join(folder, 'llama-ts', 'chat-history')).mode & 0o777).toBe(0o600);
  });

  terminalTest('Ctrl-C ends an answer and keeps what was shown', async () => {
    const long = ['-n', '900', '--ignore-end', '-c', '1024'];
    const { missed, status, screen } = await chat([send('Tell me of a cat.\r'), ['wait', 'Once'], send('\x03'), ready, ...save('a.json'), leave], ...long);
    expect({ missed, status }).toEqual({ missed: null, status: 0 });
    const [question, answer] = saved('a.json').messages;
    expect(question?.content).toBe('Tell me of a cat.');
    expect(answer?.content).toMatch(/^ ?Once/);
    expect(screen.replace(/\r\n/g, '\n')).toContain(answer?.content.trim());
  });

  terminalTest('Ctrl-C at the prompt says how to leave, and leaves the second time; a line that was begun is thrown away', async () => {
    const { missed, status } = await chat([
      send('half a line'),
      ['wait', 'half a line'],
      send('\x03'),
      ['wait', '^C'],
      send('/set\r'),
      ['wait', 'set:'],
      ready,
      send('\x03'),
      ['wait', 'press Ctrl-C again'],
      ready,
      send('\x03'),
    ]);
    expect({ missed, status }).toEqual({ missed: null, status: 130 });
  });

  terminalTest('Ctrl-C twice leaves in the middle of an answer', async () => {
    const { missed, status } = await chat([send('Tell me of a cat.\r'), ['wait', 'Once'], send('\x03'), ready, send('\x03')], '-n', '900', '--ignore-end');
    expect({ missed, status }).toEqual({ missed: null, status: 130 });
  });

  terminalTest('what fails is told, and the chat goes on', async () => {
    const { missed, status } = await chat(
      [send('/set max-tokens 1\r'), ready, send(`${'word '.repeat(300)}\r`), ['wait', 'llama-ts: '], ready, leave],
      '-c',
      '128',
    );
    expect({ missed, status }).toEqual({ missed: null, status: 0 });
  });

  terminalTest('while a prompt is read, the seconds are shown', async () => {
    const { missed, screen } = await chat(
      [send(`${'Tell me of a cat and a dog. '.repeat(90)}\r`), ['wait', 'reading the prompt'], ready, leave],
      '--backend',
      'ref',
      '-n',
      '1',
    );
    expect(missed).toBeNull();
    expect(screen).toContain('\r\x1b[2K');
  });
});
