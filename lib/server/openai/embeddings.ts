// POST /v1/embeddings.
import * as v from 'valibot';

import { route } from '../call';
import { vectorsOf } from '../vectors';
import { integer, maybe, someOf } from '../wire';
import { tokenId } from './completions';

const inputs = v.union(
  [
    v.string(),
    v.pipe(someOf(tokenId, 1_000_000), v.minLength(1)),
    v.pipe(someOf(v.string(), 2048), v.minLength(1)),
    v.pipe(someOf(someOf(tokenId, 1_000_000), 2048), v.minLength(1)),
  ],
  'Expected a text, token ids, or an array of either, not empty',
);

const embeddingRequest = v.object({
  model: maybe(v.string()),
  input: inputs,
  encoding_format: maybe(v.picklist(['float', 'base64'])),
  dimensions: maybe(integer(1, 1 << 24)),
});

/** One or several, as a list. */
function listed(input: v.InferOutput<typeof inputs>): readonly (string | readonly number[])[] {
  if (typeof input === 'string') return [input];
  return typeof input[0] === 'number' ? [input as readonly number[]] : (input as readonly (string | readonly number[])[]);
}

// Little-endian, as every machine is that Node runs on here.
const base64 = ({ buffer, byteOffset, byteLength }: Float32Array): string => Buffer.from(buffer, byteOffset, byteLength).toString('base64');

/** The routes. */
export const embeddingRoutes = [
  route({
    method: 'POST',
    path: '/v1/embeddings',
    form: 'openai',
    summary: 'A vector of each text, near for texts that mean the same.',
    body: embeddingRequest,
    run: async (call, { model: name, input, encoding_format: format, dimensions }) => {
      const { model, vectors, tokens } = await vectorsOf(call, {
        model: name,
        inputs: listed(input),
        options: dimensions === null || dimensions === undefined ? {} : { dimensions },
      });
      const total = tokens.reduce((sum, count) => sum + count, 0);
      return {
        object: 'list',
        data: vectors.map((vector, index) => ({ object: 'embedding', index, embedding: format === 'base64' ? base64(vector) : [...vector] })),
        model: model.name,
        usage: { prompt_tokens: total, total_tokens: total },
      };
    },
  }),
];
