// GET /v1/models: one answer that OpenAI's and Anthropic's clients both read.
import { bare, type State } from '../call';
import type { Served } from '../models';

async function modelOf(served: Served): Promise<unknown> {
  const facts = await served.facts.catch(() => undefined);
  const created = facts?.modified ?? new Date(0);
  return {
    id: served.name,
    object: 'model',
    created: Math.floor(created.getTime() / 1000),
    owned_by: 'llama-ts',
    type: 'model',
    display_name: served.name,
    created_at: created.toISOString(),
    aliases: served.aliases,
    status: { value: served.model ? 'loaded' : served.loading ? 'loading' : 'unloaded' },
    ...(facts && {
      meta: {
        n_vocab: facts.vocabulary,
        n_ctx_train: facts.trainedContext,
        n_embd: facts.width,
        n_params: facts.parameters,
        size: facts.bytes,
      },
    }),
  };
}

async function list({ models }: State): Promise<unknown> {
  const data = await Promise.all(models.all.map(modelOf));
  return { object: 'list', data, has_more: false, first_id: models.all[0]?.name ?? null, last_id: models.all.at(-1)?.name ?? null };
}

/** The routes. */
export const modelRoutes = [
  bare({ method: 'GET', path: '/v1/models', also: ['/models'], form: 'openai', summary: 'The models that are served.', run: ({ state }) => list(state) }),
  bare({
    method: 'GET',
    path: '/v1/models/*',
    also: ['/models/*'],
    form: 'openai',
    summary: 'One of the models.',
    run: ({ state, rest }) => modelOf(state.models.find(rest)),
  }),
];
