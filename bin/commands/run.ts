import type { CommandModule } from 'yargs';

import { ranks } from '../../lib';
import { writeAnswer } from '../answer';
import { generateFlags, generateOptions, loadFlags, numeric, word, type Flags } from '../flags';
import { adapterFlags } from '../adapters';
import { modelNameFlags, nameOf } from '../model-name';
import { readEscapes } from '../escapes';
import { hasInput, isPiped, notEmpty, readInput, readText } from '../input';
import { Interrupt } from '../interrupt';

const storyPrompt = 'Once upon a time';

async function promptOf(flags: Flags): Promise<string> {
  if (ranks.rank > 0) return ''; // rank 0 reads it
  if (typeof flags.file === 'string') return notEmpty((await readText(flags.file)).replace(/\r?\n$/, ''), flags.file);
  if (flags.prompt === '-') return readInput();
  if (typeof flags.prompt === 'string') return notEmpty(flags.escape === true ? readEscapes(flags.prompt, '--prompt') : flags.prompt, '--prompt');
  if (typeof flags.model === 'string' || nameOf(flags) !== undefined) {
    if (!isPiped()) throw new Error('expected a prompt: -p TEXT, -f FILE, or text on standard input');
    return readInput();
  }
  return isPiped() && (await hasInput(500)) ? readInput() : storyPrompt;
}

function refuseIdle(flags: Flags): void {
  if (flags.conversation === true) throw new Error('-cnv is not an option of llama-ts run: llama-ts chat holds a conversation');
  if (flags.logprobs !== undefined && flags.json !== true) throw new Error('--logprobs: has an effect with --json only: add --json, or leave --logprobs out');
}

async function run(flags: Flags): Promise<void> {
  refuseIdle(flags);
  const interrupt = new Interrupt();
  const prompt = await promptOf(flags);
  const options = { ...generateOptions(flags), ...(typeof flags.logprobs === 'number' && { logprobs: flags.logprobs }) };
  await writeAnswer(flags, 'run', interrupt, (model, signal) => model.generate(prompt, { ...options, signal }), { prompt }, prompt);
}

const command: CommandModule = {
  command: 'run',
  aliases: ['complete'],
  describe: 'continue a text',
  builder: (yargs) =>
    generateFlags(
      modelNameFlags(adapterFlags(loadFlags(yargs))).options({
        prompt: word('text to continue; - reads it from standard input', ['p']),
        file: word('file with the text to continue', ['f'], { conflicts: 'prompt' }),
        json: { type: 'boolean', describe: 'print the result as JSON' },
        logprobs: numeric('logprobs', 'with --json: add log-probabilities, 0 for those of the chosen tokens, N also for the N most probable ones'),
        conversation: { type: 'boolean', hidden: true, alias: 'cnv' }, // -no-cnv is what this command does
      }),
    ).example('$0 run -m qwen3-4b.gguf -p "Once upon a time" -n 64', ''),
  handler: (flags) => run(flags),
};

export default command;
