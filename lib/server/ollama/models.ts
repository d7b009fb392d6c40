// Ollama's lists of models, and embeddings.
import * as v from 'valibot';

import type { MetadataValue } from '../../index';
import { bring, hubName, removeBrought } from '../brought';
import { bare, route, sent, Text, type Call } from '../call';
import { ApiError, failureOf, Gone, wrong } from '../failure';
import type { Facts } from '../file';
import type { Served } from '../models';
import { Outlet } from '../outlet';
import { page } from '../page';
import { vectorsOf } from '../vectors';
import { integer, maybe, someOf } from '../wire';
import { nanoseconds } from './answer';
import { secondsOf } from './options';

/** The version of Ollama whose API this is: clients compare it. */
const apiVersion = '0.13.0';

const size = (parameters: number): string => (parameters >= 1e9 ? `${(parameters / 1e9).toFixed(1)}B` : `${(parameters / 1e6).toFixed(2)}M`);

const detailsOf = ({ architecture, parameters, fileType }: Facts): Record<string, unknown> => ({
  parent_model: '',
  format: 'gguf',
  family: architecture,
  families: [architecture],
  parameter_size: size(parameters),
  quantization_level: fileType,
});

function entryOf(served: Served, facts: Facts): Record<string, unknown> {
  return {
    name: served.name,
    model: served.name,
    modified_at: facts.modified.toISOString(),
    size: facts.bytes,
    digest: facts.digest,
    details: detailsOf(facts),
  };
}

const neverExpires = new Date(Date.UTC(2318, 0, 1));

async function runningOf(served: Served): Promise<unknown> {
  const { model } = served;
  return {
    ...entryOf(served, await served.facts),
    expires_at: (served.expires === undefined ? neverExpires : new Date(served.expires)).toISOString(),
    size: served.bytes,
    size_vram: model?.info.memory.device ?? 0,
    context_length: model ? Math.min(model.info.contextTokens, model.info.trainedContext) : 0,
  };
}

function capabilitiesOf({ metadata, template, architecture }: Facts): string[] {
  const encodes = /bert|embedding|t5encoder/.test(architecture);
  const fills = [...metadata.keys()].some((key) => /tokenizer\.ggml\.(fim_pre|prefix)_token_id/.test(key));
  return [
    ...(encodes ? [] : ['completion', 'tools']),
    ...(encodes || metadata.has(`${architecture}.pooling_type`) ? ['embedding'] : []),
    ...(fills ? ['insert'] : []),
    ...(/enable_thinking|<think>|reasoning/.test(template) ? ['thinking'] : []),
  ];
}

const plain = (value: MetadataValue): unknown => (typeof value === 'bigint' ? Number(value) : Array.isArray(value) ? value.map(plain) : value);

async function show({ state }: Call, body: { model?: string | null | undefined; name?: string | null | undefined }): Promise<unknown> {
  const name = body.model ?? body.name;
  if (!name) throw wrong('model', 'expected the name of a model, found none');
  const facts = await state.models.find(name).facts;
  return {
    modelfile: '',
    parameters: '',
    template: facts.template,
    details: detailsOf(facts),
    model_info: Object.fromEntries([...facts.metadata].filter(([key]) => !key.includes('chat_template')).map(([key, value]) => [key, plain(value)])),
    capabilities: capabilitiesOf(facts),
    modified_at: facts.modified.toISOString(),
  };
}

const embedRequest = v.object({
  model: v.string(),
  input: v.union([v.string(), someOf(v.string(), 2048)], 'Expected a text or an array of texts'),
  truncate: maybe(v.boolean()),
  dimensions: maybe(integer(1, 1 << 24)),
  keep_alive: maybe(v.union([v.number(), v.string()])),
});

const oldEmbedRequest = v.object({ model: v.string(), prompt: v.string(), keep_alive: maybe(v.union([v.number(), v.string()])) });

/** No vectors: what clients ask for to have a model loaded. */
async function nothing({ state, signal }: Call, { model, keep_alive: keepAlive }: v.InferOutput<typeof embedRequest>): Promise<unknown> {
  const from = performance.now();
  (await state.models.lease(state.models.find(model), signal, secondsOf(keepAlive))).release();
  const took = nanoseconds(performance.now() - from);
  return { model, embeddings: [], total_duration: took, load_duration: took, prompt_eval_count: 0 };
}

async function embed(call: Call, body: v.InferOutput<typeof embedRequest>): Promise<unknown> {
  const from = performance.now();
  if (body.input.length === 0) return nothing(call, body);
  const { vectors, tokens, loadMs } = await vectorsOf(call, {
    model: body.model,
    inputs: [body.input].flat(),
    options: { tooLong: body.truncate === false ? 'refuse' : 'truncate', ...(body.dimensions && { dimensions: body.dimensions }) },
    keepAlive: secondsOf(body.keep_alive),
  });
  return {
    model: body.model,
    embeddings: vectors.map((vector) => [...vector]),
    total_duration: nanoseconds(performance.now() - from),
    load_duration: nanoseconds(loadMs),
    prompt_eval_count: tokens.reduce((sum, count) => sum + count, 0),
  };
}

const namedRequest = v.object({ model: maybe(v.string()), name: maybe(v.string()), stream: maybe(v.boolean()) });

/** Brings a model of the hub, and tells how far that is. */
async function pullModel(call: Call, body: v.InferOutput<typeof namedRequest>): Promise<unknown> {
  const name = hubName(call.state, body.model ?? body.name);
  if (body.stream === false) {
    await bring(call.state, name, call.signal);
    return { status: 'success' };
  }
  const form = { type: 'application/x-ndjson', ping: '', tell: (said: readonly object[]) => said.map((each) => `${JSON.stringify(each)}\n`).join('') };
  const outlet = new Outlet(call.res, form, call.state.settings.stall * 1000);
  try {
    outlet.say({ status: 'pulling manifest' });
    await bring(call.state, name, call.signal, ({ file, bytes, total }) => {
      if (!call.res.destroyed) outlet.say({ status: `pulling ${file}`, digest: file, total, completed: bytes });
    });
    for (const status of ['verifying sha256 digest', 'writing manifest']) outlet.say({ status });
    outlet.end({ status: 'success' });
  } catch (error) {
    if (error instanceof Gone) outlet.close();
    else outlet.end({ error: failureOf(error).message });
  }
  return sent;
}

async function deleteModel({ state }: Call, body: v.InferOutput<typeof namedRequest>): Promise<unknown> {
  await removeBrought(state, body.model ?? body.name);
  return {};
}

const off = async (): Promise<never> => {
  throw new ApiError(501, 'this server makes no models: bring those of the hub (POST /api/pull), or put files where it finds them');
};

const managing = (
  [
    ['POST', '/api/push'],
    ['POST', '/api/create'],
    ['POST', '/api/copy'],
    ['POST', '/api/blobs/*'],
  ] as const
).map(([method, path]) => bare({ method, path, form: 'ollama', summary: 'Not offered: answers that.', access: 'manage', run: off }));

/** The routes. */
export const ollamaModelRoutes = [
  bare({
    method: 'GET',
    path: '/',
    form: 'ollama',
    summary: 'The web page, to browsers; says that a server is here, to others.',
    access: 'open',
    run: async (call) => (await page(call)) ?? new Text('Ollama is running', 'text/plain; charset=utf-8'),
  }),
  bare({ method: 'GET', path: '/api/version', form: 'ollama', summary: "The version of Ollama's API.", run: async () => ({ version: apiVersion }) }),
  bare({
    method: 'GET',
    path: '/api/tags',
    form: 'ollama',
    summary: 'The models that are served.',
    run: async ({ state }) => ({ models: await Promise.all(state.models.all.map(async (served) => entryOf(served, await served.facts))) }),
  }),
  bare({
    method: 'GET',
    path: '/api/ps',
    form: 'ollama',
    summary: 'The models that are loaded.',
    run: async ({ state }) => ({ models: await Promise.all(state.models.all.filter(({ model }) => model).map(runningOf)) }),
  }),
  route({
    method: 'POST',
    path: '/api/show',
    form: 'ollama',
    summary: 'What a model is.',
    body: v.object({ model: maybe(v.string()), name: maybe(v.string()) }),
    run: show,
  }),
  route({ method: 'POST', path: '/api/embed', form: 'ollama', summary: 'Vectors of texts.', body: embedRequest, run: embed }),
  route({
    method: 'POST',
    path: '/api/embeddings',
    form: 'ollama',
    summary: 'A vector of a text, in the old form.',
    body: oldEmbedRequest,
    run: async (call, { model, prompt, keep_alive: keepAlive }) => {
      const { vectors } = await vectorsOf(call, { model, inputs: [prompt], options: { tooLong: 'truncate' }, keepAlive: secondsOf(keepAlive) });
      return { embedding: [...(vectors[0] ?? [])] };
    },
  }),
  route({
    method: 'POST',
    path: '/api/pull',
    form: 'ollama',
    summary: 'Brings a model of the hub, where the server may.',
    access: 'manage',
    body: namedRequest,
    streams: 'application/x-ndjson',
    run: pullModel,
  }),
  route({
    method: 'DELETE',
    path: '/api/delete',
    form: 'ollama',
    summary: 'Removes a model that was brought.',
    access: 'manage',
    body: namedRequest,
    run: deleteModel,
  }),
  ...managing,
];
