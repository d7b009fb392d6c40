// llama-ts grammar check
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Argv, CommandModule } from 'yargs';

import { checkGrammar, embeddedModel, loadTokenizer, type GrammarCase, type GrammarVerdict, type Tokenizer } from '../../lib';
import { word, type Flags } from '../flags';
import { readText } from '../input';
import { jsonLine } from '../json';
import { print } from '../screen';

/** The lines of a file that say something. */
async function* lines(path: string): AsyncGenerator<string> {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) if (line.trim() !== '') yield line;
}

function parsed(line: string): { id?: unknown; case: unknown } {
  try {
    const { id, ...rest } = JSON.parse(line) as { id?: unknown };
    return { id, case: rest };
  } catch {
    return { case: undefined };
  }
}

const rounded = (us: readonly number[]): number[] => us.map((u) => Math.round(10 * u) / 10);

function written(verdict: GrammarVerdict): object {
  if (!verdict.ok) return verdict;
  const { walks, masks, ...rest } = verdict;
  return { ...rest, walks: walks.map((w) => ({ ...w, maskUs: rounded(w.maskUs) })), masks: masks.map((m) => Buffer.from(m).toString('base64')) };
}

/** One result a case, each written as soon as it is known. */
async function judge(tokenizer: Tokenizer, cases: string, out: string): Promise<void> {
  const file = await open(out, 'w');
  try {
    for await (const line of lines(cases)) {
      const { id, case: asked } = parsed(line);
      await file.write(jsonLine({ id, ...written(await checkGrammar(tokenizer, asked as GrammarCase)) }));
    }
  } finally {
    await file.close();
  }
}

const brief = (text: string): string => (text.length > 60 ? `${text.slice(0, 57)}...` : text);

function times(us: readonly number[]): string {
  const mean = us.reduce((a, b) => a + b, 0) / Math.max(1, us.length);
  return `${us.length} masks, ${mean.toFixed(1)} us each, the longest ${Math.max(0, ...us).toFixed(1)} us`;
}

/** A line an instance: whether the schema allows it, and where not. */
async function instances(tokenizer: Tokenizer, schema: string, path: string): Promise<void> {
  const texts: string[] = [];
  for await (const line of lines(path)) texts.push(line);
  const verdict = await checkGrammar(tokenizer, { kind: 'schema', text: await readText(schema), walks: texts.map((text) => ({ text })) });
  if (!verdict.ok) throw new Error(`${verdict.message}${verdict.at === undefined ? '' : ` (${verdict.keyword ?? ''} at "${verdict.at}")`}`);
  const said = verdict.walks.map(({ tokens, refusedAt, end, maskUs }, i) => {
    const text = texts[i] as string;
    if (refusedAt === null) return `${end ? 'valid  ' : 'unended'}  ${brief(text)}  ${times(maskUs)}\n`;
    const before = tokenizer.decode(tokenizer.encode(text).slice(0, refusedAt));
    return `refused  ${brief(text)}  at token ${refusedAt} of ${tokens}, behind ${JSON.stringify(before.slice(-30))}; ${times(maskUs)}\n`;
  });
  await print(`compiled in ${(verdict.compileUs / 1000).toFixed(2)} ms\n${said.join('')}`);
}

async function check(flags: Flags): Promise<void> {
  const { cases, out, schema, instances: path, model } = flags as Record<string, string | undefined>;
  const tokenizer = await loadTokenizer(model ?? embeddedModel);
  if (schema !== undefined && path !== undefined) return instances(tokenizer, schema, path);
  if (cases === undefined || out === undefined) throw new Error('expected --cases and --out, or --schema and --instances');
  await judge(tokenizer, cases, out);
}

const commands = (yargs: Argv): Argv =>
  yargs
    .command(
      'check',
      'show which texts a schema, a regular expression, choices or a grammar allow, over the tokens of a vocabulary',
      (y) =>
        y.options({
          model: word('GGUF file, which may hold a vocabulary alone', ['m']),
          schema: word('file with a JSON Schema'),
          instances: word('file with JSON texts, one a line, to check against --schema'),
          cases: word('file with cases, one a line as JSON'),
          out: word('file to write their results to, one a line'),
        }),
      (flags) => check(flags),
    )
    .demandCommand(1, 1, 'expected check', 'expected check');

const command: CommandModule = {
  command: 'grammar <command>',
  describe: 'check what a schema or a grammar allows',
  builder: commands,
  handler: () => {},
};

export default command;
