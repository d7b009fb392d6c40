// Programs that are run for somebody, and that end with this one: a signal to it alone (a supervisor's SIGTERM, a terminal that
// closes) goes to all that they have started, too.
import { spawn, spawnSync, type SpawnOptions } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** How long they have to end by themselves, in ms. */
const grace = 3000;

/** [process, parent] of all processes. */
function processes(): [number, number][] {
  if (process.platform === 'linux') {
    return readdirSync('/proc').flatMap((name) => {
      try {
        // pid (name) state parent ...; the name may have any character
        const stat = /^\d+$/.test(name) ? readFileSync(`/proc/${name}/stat`, 'latin1') : '';
        const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
        return stat === '' ? [] : [[Number(name), parent] as [number, number]];
      } catch {
        return []; // it has ended
      }
    });
  }
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' });
  return (stdout ?? '').split('\n').map((line) => line.trim().split(/\s+/).map(Number) as [number, number]);
}

/** A process and all that come of it, those in process groups of their own too. */
function family(pid: number): number[] {
  const all = processes();
  const found = [pid];
  for (const parent of found) found.push(...all.filter(([, p]) => p === parent).map(([child]) => child));
  return found;
}

/** Sends a signal; false where nothing is there any more. */
function send(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch {
    return false;
  }
}

/** Ends a process and all that come of it; those that do not heed the signal are killed. */
export async function endFamily(pid: number, signal: NodeJS.Signals): Promise<void> {
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(pid), '/t', '/f'], { stdio: 'ignore' });
    return;
  }
  const members = family(pid);
  send(-pid, signal);
  for (const member of members) send(member, signal);
  const late = Date.now() + grace;
  while (members.some((member) => send(member, 0)) && Date.now() < late) await new Promise((wake) => setTimeout(wake, 20));
  for (const member of members) send(member, 'SIGKILL');
}

/** Runs a program to its end and gives its exit code. A signal to this process ends the program and what it started, then this process. */
export function runToEnd(program: string, args: readonly string[], options: SpawnOptions): Promise<number> {
  const ownGroup = process.platform !== 'win32';
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, detached: ownGroup });
    let ending = false;
    const listeners = signals.map((signal) => {
      const listener = (): void => {
        if (ending) return;
        ending = true;
        const leave = (): void => process.exit(128 + constants.signals[signal]);
        if (child.pid === undefined) leave();
        else void endFamily(child.pid, signal).then(leave);
      };
      process.on(signal, listener);
      return () => process.off(signal, listener);
    });
    const settle = (then: () => void): void => {
      if (ending) return; // `endFamily` leaves when all of them have ended
      for (const unlisten of listeners) unlisten();
      then();
    };
    child.once('error', (error) => settle(() => reject(error)));
    child.once('close', (code) => settle(() => resolve(code ?? 1)));
  });
}
