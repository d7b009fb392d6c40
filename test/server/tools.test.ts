// Tools that the server runs.
import type { Tool } from 'llama-ts';

import { get, post, served, start } from '../support/server';

const weather: Tool = {
  description: 'The weather in a city.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  run: ({ city }: { city: string }) => `7 degrees in ${city}`,
} as Tool;
let aborted: (reason: unknown) => void = () => {};
const tools = {
  weather,
  fails: { run: () => Promise.reject(new Error('no line')) },
  data: { run: () => ({ n: 5 }) },
  waits: { run: (_: never, { signal }: { signal: AbortSignal }) => new Promise(() => signal.addEventListener('abort', () => aborted(signal.reason))) },
} as Record<string, Tool>;
const key = { authorization: 'Bearer one-key' };

describe('of a server', () => {
  const server = served({ tools, apiKeys: ['one-key'] });
  const call = (body: unknown) => post(server(), '/tools/call', body, key);

  test('are listed as a model is told of them', async () => {
    const { status, json } = await get(server(), '/tools', key);
    expect(status).toBe(200);
    expect(json.tools.map(({ name }: { name: string }) => name)).toEqual(['weather', 'fails', 'data', 'waits']);
    expect(json.tools[0]).toEqual({ name: 'weather', description: weather.description, parameters: weather.parameters });
  });

  test('give text, also why they fail', async () => {
    expect((await call({ name: 'weather', arguments: { city: 'Bern' } })).json).toEqual({ content: '7 degrees in Bern', is_error: false });
    expect((await call({ name: 'data' })).json).toEqual({ content: '{"n":5}', is_error: false });
    expect((await call({ name: 'fails', arguments: {} })).json).toEqual({ content: 'Error: no line', is_error: true });
    expect((await call({ name: 'weather', arguments: {} })).json).toEqual({ content: 'Error: a call of weather lacks city', is_error: true });
  });

  test.each([
    [{ name: 'other' }, 404],
    [{ name: '__proto__' }, 404],
    [{ name: 'weather', arguments: 'Bern' }, 400],
    [{ arguments: {} }, 400],
  ])('%j is refused', async (body, status) => {
    expect((await call(body)).status).toBe(status);
  });

  test('need the key that everything needs', async () => {
    expect((await get(server(), '/tools')).status).toBe(401);
    expect((await post(server(), '/tools/call', { name: 'weather', arguments: { city: 'Bern' } })).status).toBe(401);
  });

  test('end when the one who asked goes', async () => {
    const ended = new Promise((resolve) => {
      aborted = resolve;
    });
    const client = new AbortController();
    const asked = fetch(`${server().url}/tools/call`, { method: 'POST', headers: key, body: '{"name":"waits"}', signal: client.signal }).catch(() => 'left');
    setTimeout(() => client.abort(), 200);
    expect(await asked).toBe('left');
    expect(await ended).toBeInstanceOf(Error);
  });
});

test('a server without any has an empty list', async () => {
  const server = await start();
  expect((await get(server, '/tools')).json).toEqual({ tools: [] });
  await server.close(0);
});

test('those that do not run, and any that everybody could run, are refused', async () => {
  await expect(start({ tools: { idle: { description: 'Does nothing.' } } })).rejects.toMatchObject({ code: 'ARGUMENT', message: /tools\.idle/ });
  await expect(start({ tools, host: '0.0.0.0', openToAll: true })).rejects.toMatchObject({ code: 'ARGUMENT', message: /everybody/ });
});
