// Programs at a terminal: python3's pty module plays one. Where there is none, the tests are skipped, and their names say so.
import { spawn, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { root } from './shared';

export type Step = readonly ['wait', string] | readonly ['send', string];

export interface Played {
  readonly screen: string;
  readonly status: number;
  /** What a step waited for and did not come. */
  readonly missed: string | null;
}

const hasPty = process.platform !== 'win32' && spawnSync('python3', ['-c', 'import pty, os; os.waitstatus_to_exitcode']).status === 0;

/** A test that needs a terminal. */
export function terminalTest(name: string, run: () => Promise<void>): void {
  if (hasPty) test(name, run);
  else test.skip(`${name} (skipped: python3 with its pty module is not at hand)`, run);
}

/** Runs a program in this folder, which is also where it keeps its state, and plays the steps. */
export function play(folder: string, program: string, words: readonly string[], steps: readonly Step[]): Promise<Played> {
  const script = join(folder, 'steps.json');
  writeFileSync(script, JSON.stringify(steps));
  return new Promise((resolve, reject) => {
    const env = { ...process.env, XDG_STATE_HOME: folder, HOME: folder, TERM: 'xterm', LC_ALL: 'C.UTF-8' };
    const child = spawn('python3', [join(root, 'test', 'fixtures', 'terminal.py'), script, program, ...words], {
      cwd: folder,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.once('error', reject).once('close', () => resolve(JSON.parse(output) as Played));
  });
}
