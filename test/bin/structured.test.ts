// Structured output on the command line.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root, storyModel } from '../support/shared';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-ts-structured-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (...words: string[]) => spawnSync(process.execPath, [join(root, 'dist', 'bin', 'llama-ts.js'), ...words], { encoding: 'utf8', timeout: 60_000 });
const schema = '{"type":"object","properties":{"n":{"type":"integer","minimum":1,"maximum":9}},"required":["n"],"additionalProperties":false}';
const gbnf = 'root ::= "x" [0-9] "y"';
const lark = 'start: "x" DIGIT "y"\nDIGIT: "0".."9"';
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

test.each<[string, () => string[], RegExp]>([
  ['-j', () => ['-j', schema], /^\{"n": ?[1-9]\}\n$/],
  ['-jf', () => ['-jf', file('s.json', schema)], /^\{"n": ?[1-9]\}\n$/],
  ['--grammar', () => ['--grammar', gbnf], /^x[0-9]y\n$/],
  ['--grammar-file', () => ['--grammar-file', file('g.gbnf', gbnf)], /^x[0-9]y\n$/],
  ['--lark', () => ['--lark', lark], /^x[0-9]y\n$/],
  ['--lark-file', () => ['--lark-file', file('g.lark', lark)], /^x[0-9]y\n$/],
  ['--grammar, as llguidance', () => ['--grammar', `%llguidance {}\n${lark}`], /^x[0-9]y\n$/],
  ['--regex', () => ['--regex', '[a-c]{4}'], /^[a-c]{4}\n$/],
  ['--choices', () => ['--choices', 'fox', '--choices', 'owl'], /^(?:fox|owl)\n$/],
])('%s', (_, words, expected) => {
  const { status, stdout } = run('run', '-m', storyModel, '-p', 'Once', '--seed', '4', ...words());
  expect(status).toBe(0);
  expect(stdout.replace(/^Once/, '')).toMatch(expected);
});

test('--json tells the value and whether it is whole', () => {
  const { stdout } = run('run', '-m', storyModel, '-p', 'Once', '--json', '--seed', '4', '-j', schema);
  expect(JSON.parse(stdout)).toMatchObject({ complete: true, value: { n: expect.any(Number) } });
});

test('chat has the flags too', () => {
  const { status, stdout } = run('chat', '-m', storyModel, '-p', 'Yes or no?', '--single-turn', '--choices', 'yes', '--choices', 'no');
  expect(status).toBe(0);
  expect(stdout.trim()).toMatch(/(?:yes|no)$/);
});

test.each<[string, string[], RegExp]>([
  ['two of them', ['--regex', 'a', '-j', '{}'], /a text is bound to one thing/],
  ['two grammars', ['--lark', lark, '--grammar', gbnf], /--grammar, --lark: a text is bound to one thing/],
  ['a grammar that is none', ['--lark', 'start: (\n'], /expected \), found the end of the grammar, in line 2, column 1/],
  ['a file that is not there', ['-jf', '/no/such/file'], /--json-schema-file: cannot read .*ENOENT/],
  ['a schema that cannot be enforced', ['-j', '{"type":"string","pattern":"(a)\\\\1"}'], /pattern/],
])('%s', (_, words, expected) => {
  const { status, stderr } = run('run', '-m', storyModel, '-p', 'Once', ...words);
  expect(status).toBe(1);
  expect(stderr).toMatch(expected);
});
