// The OpenAPI document: every route is in it, and it says of bodies what the server does with them.
import { get, post, served } from '../support/server';

const server = served();

interface Operation {
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } };
  readonly security: readonly unknown[];
}

interface Schema {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

const document = async (): Promise<Readonly<Record<string, Readonly<Record<string, Operation>>>>> => (await get(server(), '/openapi.json')).json.paths;

test('has the APIs, and no others', async () => {
  const paths = await document();
  for (const path of [
    '/v1/chat/completions',
    '/v1/completions',
    '/v1/embeddings',
    '/v1/responses',
    '/v1/messages',
    '/api/chat',
    '/api/generate',
    '/completion',
    '/metrics',
    '/health',
  ])
    expect(Object.keys(paths)).toContain(path);
  expect((await get(server(), '/v1/nothing')).json.error.code).toBe('not_found');
});

test('every path answers its methods, and refuses others', async () => {
  for (const [path, operations] of Object.entries(await document())) {
    const at = path.replace('{rest}', 'none');
    for (const method of ['get', 'post', 'delete']) {
      const response = await fetch(server().url + at, { method: method.toUpperCase(), ...(method === 'post' && { body: '{"' }) });
      await response.text();
      expect([path, method, response.status === 405]).toEqual([path, method, !Object.hasOwn(operations, method)]);
      if (response.status === 405) for (const other of Object.keys(operations)) expect(response.headers.get('allow')).toContain(other.toUpperCase());
    }
  }
});

test('fields that must be there are refused where they are not', async () => {
  let tried = 0;
  for (const [path, { post: operation }] of Object.entries(await document())) {
    const required = operation?.requestBody?.content['application/json'].schema.required ?? [];
    if (required.length === 0 || path.includes('{') || /^\/(models)\//.test(path)) continue;
    const { status } = await post(server(), path, {});
    expect([path, status]).toEqual([path, 400]);
    tried++;
  }
  expect(tried).toBeGreaterThan(10);
});
