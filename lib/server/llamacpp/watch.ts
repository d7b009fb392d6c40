// What the server is and does: llama.cpp's own endpoints.
import * as v from 'valibot';

import { version } from '../../index';
import { bare, route, type Call, type State } from '../call';
import { ApiError } from '../failure';
import { samplingDefaults } from '../samplers';
import { maybe, object } from '../wire';
import type { Served } from '../models';

/** Tokens of one answer, its prompt included. */
async function contextOf(served: Served): Promise<number> {
  const { model } = served;
  if (model) return Math.min(model.info.contextTokens, model.info.trainedContext);
  const { trainedContext } = await served.facts;
  return Math.min(trainedContext, served.load.contextTokens ?? 8192);
}

const served = (call: Call): Served => call.state.models.find(call.query.get('model'));

async function props(call: Call): Promise<unknown> {
  const of = served(call);
  const { template } = await of.facts;
  return {
    default_generation_settings: { n_ctx: await contextOf(of), params: samplingDefaults },
    total_slots: of.queue.places,
    model_alias: of.name,
    model_path: of.path.split(/[\\/]/).at(-1) ?? '', // the folder is nobody's business
    chat_template: of.model?.info.chatTemplate ?? template,
    modalities: { vision: false, audio: false },
    may_manage: call.owner.startsWith('manage-'),
    build_info: `llama-ts ${version}`,
  };
}

async function slots(call: Call): Promise<unknown> {
  const of = served(call);
  const context = await contextOf(of);
  return Array.from({ length: of.queue.places }, (_, id) => ({ id, n_ctx: context, is_processing: of.queue.busy(id), speculative: false }));
}

const loaded = ({ models }: State): unknown => ({
  models: models.all.map(({ name, model, loading, users, bytes }) => ({
    name,
    state: model ? 'loaded' : loading ? 'loading' : 'unloaded',
    users,
    bytes: model ? bytes : 0,
  })),
});

const modelRequest = v.object({ model: v.string() });

/** The routes. */
export const watchRoutes = [
  bare({ method: 'GET', path: '/props', form: 'openai', summary: 'What a model and the server are set to.', run: props }),
  bare({ method: 'GET', path: '/slots', form: 'openai', summary: 'The places of a model, and which are in use.', run: slots }),
  route({
    method: 'POST',
    path: '/slots/*',
    form: 'openai',
    summary: 'Not offered: what was computed is shared by all requests, and kept by itself.',
    access: 'manage',
    body: maybe(object),
    run: async () => {
      throw new ApiError(501, 'places hold nothing of their own here: beginnings of texts are shared by all requests, and kept by themselves');
    },
  }),
  bare({
    method: 'GET',
    path: '/lora-adapters',
    form: 'openai',
    summary: 'The adapters that a model was loaded with.',
    run: async (call) => (served(call).model?.info.adapters ?? []).map(({ name, scale }, id) => ({ id, path: name, scale })),
  }),
  bare({
    method: 'POST',
    path: '/lora-adapters',
    form: 'openai',
    summary: 'Not offered.',
    access: 'manage',
    run: async () => {
      throw new ApiError(501, 'adapters are set when the server is started (--lora)');
    },
  }),
  route({
    method: 'POST',
    path: '/models/load',
    form: 'openai',
    summary: 'Loads a model.',
    access: 'manage',
    body: modelRequest,
    run: async ({ state, signal }, { model }) => {
      (await state.models.lease(state.models.find(model), signal)).release();
      return { success: true, ...(loaded(state) as object) };
    },
  }),
  route({
    method: 'POST',
    path: '/models/unload',
    form: 'openai',
    summary: 'Lets a model go, unless it is in use.',
    access: 'manage',
    body: modelRequest,
    run: async ({ state }, { model }) => {
      const of = state.models.find(model);
      if (of.users > 0) throw new ApiError(409, 'the model is in use', { code: 'in_use' });
      await state.models.unload(of);
      return { success: true, ...(loaded(state) as object) };
    },
  }),
];
