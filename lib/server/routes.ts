// Everything the server answers.
import { messageRoutes } from './anthropic/messages';
import { bare, Text, type Route } from './call';
import { ApiError } from './failure';
import { nativeCompletionRoutes } from './llamacpp/completion';
import { tokenRoutes } from './llamacpp/tokens';
import { watchRoutes } from './llamacpp/watch';
import { metricsType } from './metrics';
import { generateRoutes } from './ollama/generate';
import { ollamaModelRoutes } from './ollama/models';
import { chatRoutes } from './openai/chat';
import { completionRoutes } from './openai/completions';
import { embeddingRoutes } from './openai/embeddings';
import { modelRoutes } from './openai/models';
import { openApi } from './openapi';
import { responseRoutes } from './openai/responses';
import { pageRoutes } from './page';
import { toolRoutes } from './tools';

const watching: readonly Route[] = [
  bare({
    method: 'GET',
    path: '/health',
    also: ['/v1/health'],
    form: 'openai',
    summary: 'Whether requests are answered: 503 while the model is being loaded. Never waits for anything.',
    access: 'open',
    run: async ({ state }) => {
      if (state.phase.draining) throw new ApiError(503, 'the server is shutting down', { code: 'shutting_down', retryAfter: 5 });
      if (!state.models.ready) throw new ApiError(503, 'the model is being loaded', { code: 'loading', retryAfter: 2 });
      return { status: 'ok' };
    },
  }),
  bare({
    method: 'GET',
    path: '/metrics',
    form: 'openai',
    summary: 'Counts and times, as Prometheus reads them.',
    run: async ({ state }) => new Text(state.metrics.text(), metricsType),
  }),
];

const described = bare({
  method: 'GET',
  path: '/openapi.json',
  form: 'openai',
  summary: 'This document.',
  run: async () => document(),
});

/** All routes. */
export const routes: readonly Route[] = [
  ...watching,
  ...modelRoutes,
  ...chatRoutes,
  ...completionRoutes,
  ...embeddingRoutes,
  ...responseRoutes,
  ...messageRoutes,
  ...generateRoutes,
  ...ollamaModelRoutes,
  ...nativeCompletionRoutes,
  ...tokenRoutes,
  ...watchRoutes,
  ...toolRoutes,
  ...pageRoutes,
  described,
];

let made: unknown; // once: it takes a while
const document = (): unknown => (made ??= openApi(routes));
