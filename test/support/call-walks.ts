// Calls that a grammar allows, drawn as a model that chooses at random would write them, and texts that it must allow, over made-up vocabularies.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type * as Binding from '../../lib/binding';
import type * as Errors from '../../lib/errors';
import type * as Grammars from '../../lib/grammar';
import type * as Jobs from '../../lib/job';
import type { GrammarPart } from '../../lib/grammar-part';
import type { GrammarHandle, NativeAnswers, NativeQuestions } from '../../lib/native';
import type * as Tokenizers from '../../lib/tokenizer';
import { writeGguf } from '../fixtures/gguf-writer';
import { markedVocabulary } from '../fixtures/vocabularies';

/** A room of the library as it was built, beside the addon. */
const built = (room: string): unknown => require(`../../dist/lib/${room}`);
const { native } = built('binding') as typeof Binding;
const { Origin } = built('errors') as typeof Errors;
const { compile } = built('grammar') as typeof Grammars;
const { runJob } = built('job') as typeof Jobs;
const { loadTokenizer } = built('tokenizer') as typeof Tokenizers;

const endId = 256;

export interface Walker {
  /** Texts that the grammar allows, of those that came to an end. */
  drawn(grammar: GrammarHandle, seeds: readonly number[], maxTokens: number): Promise<readonly string[]>;
  /** Whether each of the texts is allowed, and may end. */
  allowed(grammar: GrammarHandle, texts: readonly string[]): Promise<readonly boolean[]>;
  compile(part: GrammarPart): Promise<GrammarHandle>;
  readonly tokenizer: Tokenizers.Tokenizer;
}

/** A walker over every byte and some markers: `controls` are control tokens, `texts` text in one token. */
export async function walker(controls: readonly string[], texts: readonly string[]): Promise<Walker> {
  const folder = mkdtempSync(join(tmpdir(), 'llama-ts-walks-'));
  const path = join(folder, 'vocabulary.gguf');
  writeGguf(path, markedVocabulary(controls, texts), []);
  const tokenizer = await loadTokenizer(path);
  rmSync(folder, { recursive: true });
  // What ends strings, values and calls is likelier than a letter: so texts come to an end.
  const boost: [number, number][] = [...'"\'}])'].map((mark) => [[...tokenizer.encode(mark)][0] as number, 25]);
  for (let id = endId; id < endId + 1 + controls.length + texts.length; id++) boost.push([id, 40]);
  const ask = (grammar: GrammarHandle, questions: Partial<NativeQuestions>): Promise<NativeAnswers> =>
    runJob<NativeAnswers>(new Origin(walker), (ticket) =>
      native.checkGrammar(ticket, tokenizer.handle(), grammar, { walks: [], prefixes: [], seeds: [], maxTokens: 0, weights: [], ...questions }),
    );
  return {
    tokenizer,
    compile: async (part) => (await compile(new Origin(walker), { kind: 'parts', source: part }, tokenizer.handle())).handle as GrammarHandle,
    drawn: async (grammar, seeds, maxTokens) => {
      const { samples } = await ask(grammar, { seeds, maxTokens, weights: boost });
      if (samples.some(({ stuck }) => stuck)) throw new Error('a walk came to where nothing is allowed');
      return samples
        .filter(({ complete }) => complete)
        .map(({ ids }) =>
          tokenizer.decode(
            ids.filter((id) => id !== endId),
            { special: true },
          ),
        );
    },
    allowed: async (grammar, all) => {
      const { walks } = await ask(grammar, { walks: all.map((text) => ({ ids: tokenizer.encode(text, { special: true }) })) });
      return walks.map(({ refusedAt, end }) => refusedAt === null && end);
    },
  };
}
