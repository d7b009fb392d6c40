import type { CommandModule } from 'yargs';

import { writeAnswer } from '../answer';
import { generateFlags, generateOptions, loadFlags, word, type Flags } from '../flags';
import { adapterFlags } from '../adapters';
import { modelNameFlags } from '../model-name';
import { readText } from '../input';
import { Interrupt } from '../interrupt';

async function given(flags: Flags, name: 'prefix' | 'suffix'): Promise<string> {
  const [text, file] = [flags[name], flags[`${name}File`]];
  if (typeof file === 'string') return readText(file);
  return typeof text === 'string' ? text : '';
}

async function infill(flags: Flags): Promise<void> {
  const interrupt = new Interrupt();
  const [prefix, suffix] = [await given(flags, 'prefix'), await given(flags, 'suffix')];
  if (prefix === '' && suffix === '') throw new Error('expected what the gap is in: --prefix TEXT, --suffix TEXT, or files with --prefix-file, --suffix-file');
  const options = generateOptions(flags);
  await writeAnswer(flags, 'infill', interrupt, (model, signal) => model.infill(prefix, suffix, { ...options, signal }), { prefix, suffix });
}

const command: CommandModule = {
  command: 'infill',
  describe: 'write what is missing in the middle of a text, with a model that was trained to',
  builder: (yargs) =>
    generateFlags(
      modelNameFlags(adapterFlags(loadFlags(yargs))).options({
        prefix: word('what stands before the gap', ['in-prefix']),
        suffix: word('what stands behind it', ['in-suffix']),
        'prefix-file': word('file with what stands before the gap', [], { conflicts: 'prefix' }),
        'suffix-file': word('file with what stands behind it', [], { conflicts: 'suffix' }),
        json: { type: 'boolean', describe: 'print the result as JSON' },
      }),
    ).example('$0 infill -m qwen2.5-coder.gguf --prefix "def add(a, b):\\n    return " --suffix "\\n" -n 16', ''),
  handler: (flags) => infill(flags),
};

export default command;
