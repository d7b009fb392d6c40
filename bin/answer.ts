// A command that writes one text: the model is loaded, the text printed as it comes, or the result as JSON; Ctrl-C stops either.
import type { Generation, Model } from '../lib';
import type { Flags } from './flags';
import { interrupted, type Interrupt } from './interrupt';
import { load } from './load';
import { note, print } from './screen';
import { stream, timings } from './stream';

/** `asked` is part of the JSON; `before` is printed in front of the text. */
export async function writeAnswer(
  flags: Flags,
  command: string,
  interrupt: Interrupt,
  start: (model: Model, signal: AbortSignal) => Generation<unknown>,
  asked: object,
  before = '',
): Promise<void> {
  const json = flags.json === true;
  try {
    await using model = await load(flags, command, interrupt.arm());
    const generation = start(model, interrupt.arm());
    const result = json ? await generation : await stream(generation, before);
    await print(json ? `${JSON.stringify({ ...result, ...asked })}\n` : '\n');
    if (flags.verbose === true) timings(result);
  } catch (error) {
    if (!interrupt.pressed) throw error;
    note('');
    process.exitCode = interrupted;
  }
}
