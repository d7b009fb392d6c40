import type { CommandModule } from 'yargs';

import type { Model } from '../../lib';
import { word, type Flags } from '../flags';
import { load } from '../load';
import { watched } from '../measure';
import { print } from '../screen';
import { idsOf, needModel, reading, textFlags, textsOf, write } from '../texts';

// What is read as it is has no order but its own.
async function score(model: Model, flags: Flags, inputs: NonNullable<Awaited<ReturnType<typeof idsOf>>>): Promise<void> {
  const scores = await watched('Scoring', (job) => model.classify(inputs, { ...reading(flags), ...job }));
  const rows = flags.labels === true ? scores : scores?.map((row) => row.subarray(0, 1));
  if (rows) await write(flags, rows, (row, index) => ({ index, ...(flags.labels === true ? { scores: [...row] } : { score: row[0] }) }));
}

async function rank(model: Model, flags: Flags, documents: readonly string[]): Promise<void> {
  const { query, instruction } = flags;
  const ranked = await watched('Ranking', (job) =>
    model.rank(query as string, documents, { ...reading(flags), ...job, ...(instruction !== undefined && { instruction: instruction as string }) }),
  );
  if (!ranked) return;
  if (flags.out === undefined) {
    for (const { index, score } of ranked) await print(`${JSON.stringify({ index, score, document: documents[index] })}\n`);
    return;
  }
  const inOrder = [...ranked].sort((a, b) => a.index - b.index);
  await write(
    flags,
    inOrder.map(({ scores }) => (flags.labels === true ? scores : scores.subarray(0, 1))),
    () => ({}),
  );
}

async function rerank(flags: Flags): Promise<void> {
  needModel(flags);
  const inputs = await idsOf(flags);
  if (!inputs && flags.query === undefined) throw new Error('expected a query: --query TEXT');
  const documents = inputs ? [] : await textsOf(flags, flags.document as string[]);
  await using model = await load(flags, 'rerank');
  await (inputs ? score(model, flags, inputs) : rank(model, flags, documents));
}

const command: CommandModule = {
  command: 'rerank [document..]',
  describe: 'how well each document fits a query, best first; with --ids-file, the score of each pair',
  builder: (yargs) =>
    textFlags(yargs)
      .positional('document', { type: 'string', array: true, default: [], describe: 'the documents' })
      .options({
        query: word('what is looked for', ['q']),
        instruction: word("what fits, in the question's words, for models that have a place for it"),
        labels: { type: 'boolean', describe: 'the scores of all labels (default: the first)' },
      }),
  handler: (flags) => rerank(flags),
};

export default command;
