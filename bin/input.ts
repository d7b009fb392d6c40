// Where a prompt comes from: a flag, a file, or standard input.
import { fstatSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** All of standard input. */
async function readAll(): Promise<string> {
  process.stdin.setEncoding('utf8');
  let text = '';
  for await (const part of process.stdin) text += String(part);
  return text;
}

/** Whether a file or another program is connected to standard input. */
export function isPiped(): boolean {
  if (process.stdin.isTTY) return false;
  try {
    const found = fstatSync(0);
    return found.isFile() || found.isFIFO() || found.isSocket();
  } catch {
    return false;
  }
}

/** The same; nothing is an error: a program before in the pipe may have failed. */
export async function readInput(): Promise<string> {
  return notEmpty(await readAll(), 'standard input');
}

/** Refuses an empty text. */
export function notEmpty(text: string, where: string): string {
  if (text === '') throw new Error(`${where}: expected a text, found nothing`);
  return text;
}

/** Whether input or its end comes within a moment: a parent may leave an open pipe and never write to it. */
export function hasInput(ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (found: boolean) => (): void => {
      clearTimeout(timer);
      process.stdin.off('readable', yes).off('end', yes).off('error', no);
      resolve(found);
    };
    const [yes, no] = [settle(true), settle(false)];
    // On a busy machine the time can be up before a pipe was looked at even once: what is there by then still counts.
    const timer = setTimeout(() => setImmediate(() => setImmediate(no)), ms);
    process.stdin.once('readable', yes).once('end', yes).once('error', no);
  });
}

/** The text of a file, which is not empty. */
export async function readText(path: string): Promise<string> {
  try {
    return notEmpty(await readFile(path, 'utf8'), path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === undefined ? error : new Error(`cannot read ${path}: ${code}`);
  }
}
