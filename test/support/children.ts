// Runs test scripts in processes of their own, so that a crash, a hang or a leak is theirs and is seen.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './shared';

export interface ChildEnd {
  lines: string[]; // of its output
  errors: string; // the end of its error output
  end: 'done' | 'silent' | `exit ${number}` | `signal ${string}`;
}

// Runs test/fixtures/<script>; it is killed when it says nothing for `silenceMs`.
export function runChild(script: string, args: readonly string[], silenceMs: number, env: NodeJS.ProcessEnv = {}): Promise<ChildEnd> {
  return new Promise((resolve) => {
    const path = join(root, 'test', 'fixtures', script);
    const child = spawn(process.execPath, ['--expose-gc', path, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
    let output = '';
    let errors = '';
    let silent = false;
    const kill = () => {
      silent = true;
      child.kill('SIGKILL');
    };
    let watch = setTimeout(kill, silenceMs);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      clearTimeout(watch);
      watch = setTimeout(kill, silenceMs);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-4000)));
    child.on('close', (code, signal) => {
      clearTimeout(watch);
      const end = silent ? 'silent' : signal ? (`signal ${signal}` as const) : code ? (`exit ${code}` as const) : 'done';
      resolve({ lines: output.split('\n').filter(Boolean), errors, end });
    });
  });
}
