// The completion scripts, run by the shells they are for. A shell that is not here is skipped by name.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root } from '../support/shared';
import { play, terminalTest } from '../support/terminal';

const program = join(root, 'dist', 'bin', 'llama-ts.js');
const script = (shell: string): string => execFileSync(process.execPath, [program, 'completion', shell], { encoding: 'utf8' });

let folder = '';
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'llama-ts-completion-')));
  for (const shell of ['bash', 'zsh', 'fish']) writeFileSync(join(folder, `llama-ts.${shell}`), script(shell));
  writeFileSync(join(folder, 'story.gguf'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;
const shellTest = (shell: string, name: string, run: () => void): void =>
  has(shell) ? test(`${shell}: ${name}`, run) : test.skip(`${shell}: ${name} (skipped: ${shell} is not installed)`, run);

// What is typed, and what of the answers has to be there, or must not.
const cases: readonly (readonly [line: string, expected: readonly string[], not?: readonly string[]])[] = [
  ['llama-ts ', ['run', 'chat', 'tokenize', 'gguf', 'completion'], ['split', 'complete']],
  ['llama-ts to', ['tokenize'], ['run']],
  ['llama-ts run --top', ['--top-k', '--top-p'], ['--temp']],
  ['llama-ts run --cache-type ', ['f16', 'f32', 'q8_0']],
  ['llama-ts complete --min', ['--min-p']],
  ['llama-ts gguf ', ['split', 'merge', 'show', 'set', 'diff']],
  ['llama-ts gguf split --max', ['--max-size', '--max-tensors'], ['--max-tokens']],
  ['llama-ts run -m sto', ['story.gguf']],
];

shellTest('bash', 'commands, flags, values and files', () => {
  const ask =
    'source ./llama-ts.bash; while IFS= read -r line; do read -ra COMP_WORDS <<<"$line"; [[ $line == *" " ]] && COMP_WORDS+=(""); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=(); _llama_ts; echo "${COMPREPLY[*]}"; done';
  const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', ask], { cwd: folder, encoding: 'utf8', input: cases.map(([line]) => `${line}\n`).join('') });
  expect(stderr).toBe('');
  const answers = stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/\s+/));
  cases.forEach(([line, expected, not = []], i) => {
    expect([line, answers[i]]).toEqual([line, expect.arrayContaining([...expected]) as string[]]);
    for (const word of not) expect(answers[i]).not.toContain(word);
  });
});

shellTest('fish', 'commands, flags, values and files', () => {
  for (const [line, expected, not = []] of cases) {
    const { stdout, stderr } = spawnSync('fish', ['--no-config', '-c', `source ./llama-ts.fish; complete -C '${line}'`], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, HOME: folder },
    });
    expect(stderr).toBe('');
    const answers = stdout.split('\n').map((answer) => answer.split('\t')[0]);
    expect([line, answers]).toEqual([line, expect.arrayContaining([...expected]) as string[]]);
    for (const word of not.filter((w) => w !== 'complete')) expect(answers).not.toContain(word);
  }
});

shellTest('zsh', 'the script is read', () => {
  expect(
    spawnSync('zsh', ['-f', '-c', 'autoload -U compinit; compinit -u -D; source ./llama-ts.zsh; whence -w _llama_ts; print $_comps[llama-ts]'], {
      cwd: folder,
      encoding: 'utf8',
    }),
  ).toMatchObject({
    stdout: '_llama_ts: function\n_llama_ts\n',
    stderr: '',
  });
});

if (has('zsh')) {
  terminalTest('zsh: the only answer is typed out', async () => {
    const set = 'PS1=zsh-here:; autoload -U compinit; compinit -u -D; source ./llama-ts.zsh; echo re""ady\r';
    const lines = cases.filter(([, expected]) => expected.length === 1);
    const steps = lines.flatMap(
      ([line, [expected = '']]) =>
        [
          ['send', `${line}\t`],
          ['wait', line.replace(/\S+$/, '') + expected],
          ['send', '\x15'],
        ] as const,
    );
    const { missed } = await play(folder, 'zsh', ['-f', '-i'], [['send', set], ['wait', 'ready'], ['wait', 'zsh-here:'], ...steps, ['send', 'exit\r']]);
    expect(missed).toBeNull();
  });
}

test('a shell that is not known is refused; without one, it is that of $SHELL', () => {
  const run = (env: Record<string, string>, ...words: string[]) =>
    spawnSync(process.execPath, [program, 'completion', ...words], { encoding: 'utf8', env: { ...process.env, ...env } });
  expect(run({}, 'tcsh')).toMatchObject({ status: 1, stderr: 'llama-ts: expected a shell, bash, zsh, fish, found "tcsh"\n' });
  expect(run({ SHELL: '/usr/bin/fish' }).stdout).toBe(script('fish'));
});
