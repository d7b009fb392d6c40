// Texts and tokens, templates, infill, vectors and ranks: llama.cpp's own endpoints.
import * as v from 'valibot';

import type { Model } from '../../index';
import { route, type Call } from '../call';
import { wrong } from '../failure';
import { using } from '../inner';
import type { Served } from '../models';
import { toolEntries, toolsOf } from '../openai/tools';
import { conversation, messages } from '../openai/messages';
import { ranked, vectorsOf } from '../vectors';
import { integer, maybe, object, someOf } from '../wire';
import { templateFor } from '../templates';
import { completed, completionEntries } from './completion';

/** The same, by the model's name. */
async function withModel<T>(call: Call, name: string | null | undefined, work: (model: Model, served: Served) => Promise<T>): Promise<T> {
  const served = call.state.models.find(name);
  return using(call, served, (model) => work(model, served));
}

const tokenizeRequest = v.object({
  model: maybe(v.string()),
  content: maybe(v.string()),
  add_special: maybe(v.boolean()),
  parse_special: maybe(v.boolean()),
  with_pieces: maybe(v.boolean()),
});

async function tokenize(call: Call, body: v.InferOutput<typeof tokenizeRequest>): Promise<unknown> {
  return withModel(call, body.model, async (model, served) => {
    const begin = body.add_special === true ? await model.promptIds('') : [];
    const own = await model.tokenizeAsync(body.content ?? '', { special: body.parse_special !== false, signal: call.signal });
    const ids = [...begin, ...own];
    if (body.with_pieces !== true) return { tokens: ids };
    const bytes = await served.tokenBytes;
    return {
      tokens: ids.map((id) => {
        const piece = model.detokenize([id], { special: true });
        return { id, piece: piece.includes('\uFFFD') ? bytes.of(id, piece) : piece };
      }),
    };
  });
}

const detokenizeRequest = v.object({ model: maybe(v.string()), tokens: someOf(integer(0, 0x7fffffff), 1_000_000) });

const templateRequest = v.object({
  model: maybe(v.string()),
  messages,
  ...toolEntries,
  chat_template_kwargs: maybe(object),
});

const infillRequest = v.object({
  ...completionEntries,
  input_prefix: v.string(),
  input_suffix: v.string(),
  input_extra: maybe(someOf(v.object({ filename: maybe(v.string()), text: v.string() }), 1000)),
  prompt: maybe(v.string()),
});

/** Other files stand in front of the prefix, each under its name. */
function prefixOf({ input_prefix: prefix, input_extra: extra, prompt }: v.InferOutput<typeof infillRequest>): string {
  const files = (extra ?? []).map(({ filename, text }) => `${filename ? `# ${filename}\n` : ''}${text}\n`).join('');
  return files + prefix + (prompt ?? '');
}

const embeddingRequest = v.object({
  model: maybe(v.string()),
  content: maybe(v.union([v.string(), someOf(v.string(), 2048)])),
  input: maybe(v.union([v.string(), someOf(v.string(), 2048)])),
  embd_normalize: maybe(integer(-1, 2)),
});

const rerankRequest = v.object({
  model: maybe(v.string()),
  query: v.string(),
  documents: maybe(v.pipe(someOf(v.string(), 10_000), v.minLength(1))),
  texts: maybe(v.pipe(someOf(v.string(), 10_000), v.minLength(1))),
  top_n: maybe(integer(1)),
});

async function rerank(call: Call, body: v.InferOutput<typeof rerankRequest>): Promise<unknown> {
  const documents = body.documents ?? body.texts;
  if (!documents) throw wrong('documents', 'expected documents to rank, found none');
  const found = await ranked(call, body.model, body.query, documents);
  const best = found.ranked.slice(0, body.top_n ?? documents.length);
  if (!body.documents) return best.map(({ index, score }) => ({ index, score }));
  return {
    model: found.model.name,
    object: 'list',
    usage: { prompt_tokens: found.tokens, total_tokens: found.tokens },
    results: best.map(({ index, score }) => ({ index, relevance_score: score })),
  };
}

/** The routes. */
export const tokenRoutes = [
  route({ method: 'POST', path: '/tokenize', form: 'openai', summary: 'The token ids of a text.', body: tokenizeRequest, run: tokenize }),
  route({
    method: 'POST',
    path: '/detokenize',
    form: 'openai',
    summary: 'The text of token ids.',
    body: detokenizeRequest,
    run: async (call, { model: name, tokens }) => withModel(call, name, async (model) => ({ content: await model.detokenizeAsync(tokens, { special: true }) })),
  }),
  route({
    method: 'POST',
    path: '/apply-template',
    form: 'openai',
    summary: 'What a conversation reads as.',
    body: templateRequest,
    run: async (call, body) =>
      withModel(call, body.model, async (model, { template }) => {
        const variables = body.chat_template_kwargs;
        const tools = toolsOf(body);
        const options = { ...tools, ...templateFor(model, template, tools.tools), ...(variables && { variables }), signal: call.signal };
        const ids = await model.promptIds(conversation(body.messages), options);
        return { prompt: model.detokenize(ids, { special: true }) };
      }),
  }),
  route({
    method: 'POST',
    path: '/infill',
    form: 'openai',
    summary: 'Writes what is missing between two texts.',
    body: infillRequest,
    streams: 'text/event-stream',
    run: async (call, body) => completed(call, body, [{ prefix: prefixOf(body), suffix: body.input_suffix }], false),
  }),
  route({
    method: 'POST',
    path: '/embedding',
    also: ['/embeddings'],
    form: 'openai',
    summary: "Vectors of texts, in llama.cpp's form.",
    body: embeddingRequest,
    run: async (call, { model, content, input, embd_normalize: norm }) => {
      const given = [content ?? input ?? []].flat();
      if (given.length === 0) throw wrong('content', 'expected a text or an array of texts, not empty');
      if (norm !== null && norm !== undefined && norm !== 2 && norm !== -1)
        throw wrong('embd_normalize', 'expected 2, the Euclidean norm, or -1, none', 'unsupported');
      const { vectors } = await vectorsOf(call, { model, inputs: given, options: { normalize: norm !== -1 } });
      return vectors.map((vector, index) => ({ index, embedding: [[...vector]] }));
    },
  }),
  route({
    method: 'POST',
    path: '/v1/rerank',
    also: ['/rerank', '/reranking', '/v1/reranking'],
    form: 'openai',
    summary: 'How well documents fit a query. Of models with a head for scores.',
    body: rerankRequest,
    run: rerank,
  }),
];
