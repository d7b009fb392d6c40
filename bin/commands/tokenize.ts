import type { CommandModule } from 'yargs';

import { loadTokenizer } from '../../lib';
import { word, type Flags } from '../flags';
import { notEmpty, readInput } from '../input';
import { modelPath } from '../load';
import { print } from '../screen';

async function tokenize(flags: Flags): Promise<void> {
  const given = flags.text as string[];
  const text = given.length === 0 || (given.length === 1 && given[0] === '-') ? await readInput() : notEmpty(given.join(' '), 'TEXT');
  const tokenizer = await loadTokenizer(await modelPath(flags), {
    ...(typeof flags.preTokenizer === 'string' && { preTokenizer: flags.preTokenizer }),
  });
  const ids = [...tokenizer.encode(text, { special: flags.special === true })];
  const tokens = ids.map((id) => ({ id, text: tokenizer.decode([id], { special: true }) }));
  if (flags.ids === true) await print(`${JSON.stringify(ids)}\n`);
  else if (flags.json === true) await print(`${JSON.stringify(tokens)}\n`);
  else await print(tokens.map((t) => `${String(t.id).padStart(7)}  ${JSON.stringify(t.text)}\n`).join(''));
}

const command: CommandModule = {
  command: 'tokenize [text..]',
  describe: 'show the tokens of a text; without one, of standard input',
  builder: (yargs) =>
    yargs.positional('text', { type: 'string', array: true, default: [], describe: 'the text; - reads it from standard input' }).options({
      model: word('GGUF file, which may hold a vocabulary alone, or a name such as hf:USER/REPO', ['m']),
      'pre-tokenizer': word('how text is cut into words, by name, such as llama-bpe, whatever the file says'),
      special: { type: 'boolean', describe: 'control tokens written in the text are recognised' },
      ids: { type: 'boolean', describe: 'print the ids as one JSON array' },
      json: { type: 'boolean', describe: 'print the tokens as JSON' },
    }),
  handler: (flags) => tokenize(flags),
};

export default command;
