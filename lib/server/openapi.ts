// The API as an OpenAPI document, made of the routes and the schemas that bodies are read by.
import { toJsonSchema } from '@valibot/to-json-schema';

import { version } from '../index';
import type { Route } from './call';
import type { Form } from './failure';

const errors: Readonly<Record<Form, unknown>> = {
  openai: {
    type: 'object',
    required: ['error'],
    properties: {
      error: {
        type: 'object',
        required: ['message', 'type', 'param', 'code'],
        properties: { message: { type: 'string' }, type: { type: 'string' }, param: { type: ['string', 'null'] }, code: { type: ['string', 'null'] } },
      },
    },
  },
  anthropic: {
    type: 'object',
    required: ['type', 'error', 'request_id'],
    properties: {
      type: { const: 'error' },
      error: { type: 'object', required: ['type', 'message'], properties: { type: { type: 'string' }, message: { type: 'string' } } },
      request_id: { type: 'string' },
    },
  },
  ollama: { type: 'object', required: ['error'], properties: { error: { type: 'string' } } },
};

const schemaOf = (schema: NonNullable<Route['body']>): unknown => {
  const { $schema: _, ...own } = toJsonSchema(schema, { errorMode: 'ignore', typeMode: 'output', target: 'draft-2020-12' });
  return own;
};

const keyOf = (access: Route['access']): unknown => (access === 'open' ? [] : [{ bearer: [] }, { key: [] }]);

function operationOf(route: Route, path: string): unknown {
  const content = { 'application/json': {}, ...(route.streams && { [route.streams]: {} }) };
  return {
    summary: route.summary,
    security: keyOf(route.access),
    ...(path.endsWith('{rest}') && { parameters: [{ name: 'rest', in: 'path', required: true, schema: { type: 'string' } }] }),
    ...(route.body && { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body) } } } }),
    responses: {
      200: { description: 'The answer.', content },
      default: { description: 'A failure.', content: { 'application/json': { schema: { $ref: `#/components/schemas/${route.form}Error` } } } },
    },
  };
}

/** The document. */
export function openApi(routes: readonly Route[]): unknown {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    for (const path of [route.path, ...(route.also ?? [])]) {
      const named = path.replace(/\*$/, '{rest}');
      (paths[named] ??= {})[route.method.toLowerCase()] = operationOf(route, named);
    }
  }
  return {
    openapi: '3.1.0',
    info: { title: 'llama-ts', version, description: 'What every client of OpenAI, Anthropic, Ollama and llama.cpp speaks to.' },
    paths,
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer' }, key: { type: 'apiKey', in: 'header', name: 'x-api-key' } },
      schemas: Object.fromEntries(Object.entries(errors).map(([form, schema]) => [`${form}Error`, schema])),
    },
  };
}
