// llama-ts apply-template and parse.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root, storyModel } from '../support/shared';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-ts-templates-'));
  writeFileSync(
    join(folder, 't.jinja'),
    '{{ bos_token }}{% for m in messages %}{{ m.content }}{{ tools | tojson if tools }}{{ x }}{% endfor %}{{ ":" if add_generation_prompt }}',
  );
  writeFileSync(join(folder, 'm.json'), JSON.stringify([{ role: 'user', content: 'hi' }]));
  writeFileSync(join(folder, 'tools.json'), '[{"name": "f"}]');
});
afterAll(() => rmSync(folder, { recursive: true }));

function cli(words: readonly string[], input = ''): { stdout: string; stderr: string; status: number | null } {
  return spawnSync(process.execPath, [join(root, 'dist', 'bin', 'llama-ts.js'), ...words], { cwd: folder, encoding: 'utf8', input, timeout: 50_000 });
}

test('apply-template', () => {
  const words = ['apply-template', '--chat-template-file', 't.jinja', '--messages', 'm.json'];
  expect(cli(words)).toMatchObject({ stdout: 'hi', stderr: '', status: 0 });
  expect(cli([...words, '--add-generation-prompt', '--bos-token', '<s>', '--variables', '{"x": 5}', '--tools', 'tools.json']).stdout).toBe(
    '<s>hi[{"name": "f"}]5:',
  );
  expect(cli(['apply-template', '-m', storyModel, '--messages', 'm.json', '--add-generation-prompt']).stdout).toBe('<|user|>\nhi<|end|>\n<|assistant|>\n');
  expect(cli(['apply-template', '--messages', 'm.json'])).toMatchObject({ status: 1, stderr: expect.stringContaining('--chat-template-file FILE') as string });
  expect(cli([...words, '--variables', '[1]']).stderr).toMatch(/--variables: expected an object, found other JSON/);
  expect(cli(['apply-template', '-m', storyModel, '--chat-template', 'x', '--messages', 'm.json']).stderr).toMatch(/expected the template x, found default/);
});

test('parse', () => {
  const said = '<think>hm</think>Hello';
  const whole = JSON.parse(cli(['parse', '--template', 't.jinja'], said).stdout) as unknown;
  expect(whole).toEqual({ reasoning: 'hm', content: 'Hello', toolCalls: [], problems: [] });
  const parts = cli(['parse', '--template', 't.jinja', '--stream'], said).stdout.trim().split('\n');
  expect(parts.map((line) => JSON.parse(line) as unknown)).toEqual([
    { type: 'reasoning', text: 'hm' },
    { type: 'text', text: 'Hello' },
  ]);
  const lines = ['{"id": 1, "template": "t.jinja", "chunks": ["a", "b"], "stream": true}', 'nonsense', '{"id": 2, "template": "none.jinja"}'].join('\n');
  const answers = cli(['parse', '--jsonl'], lines)
    .stdout.trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(answers[0]).toMatchObject({
    id: 1,
    content: 'ab',
    deltas: [
      { at: 0, type: 'content', text: 'a' },
      { at: 1, type: 'content', text: 'b' },
    ],
  });
  expect([typeof answers[1]?.error, answers[2]?.id, typeof answers[2]?.error]).toEqual(['string', 2, 'string']);
});
