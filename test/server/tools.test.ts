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

describe('of requests that do not say whether one is called', () => {
  const server = served({ toolChoice: 'required' });
  const offered = [
    {
      name: 'weather',
      description: 'The weather in a city.',
      parameters: { type: 'object', properties: { city: { enum: ['Bern', 'Rome'] } }, required: ['city'] },
    },
  ];
  const functions = offered.map((each) => ({ type: 'function', function: each }));
  const asked = { role: 'user', content: 'Once upon a time' };
  const called = {
    role: 'assistant',
    content: null,
    tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } }],
  };
  const answered = { role: 'tool', tool_call_id: 'call_1', content: 'rain' };
  const calls = ({ choices }: { choices: [{ message: { tool_calls?: unknown[] } }] }): number => choices[0].message.tool_calls?.length ?? 0;

  test('one is called, by every API', async () => {
    const chat = await post(server(), '/v1/chat/completions', { messages: [asked], tools: functions, max_tokens: 80 });
    expect(calls(chat.json)).toBe(1);
    const response = await post(server(), '/v1/responses', {
      input: 'Once',
      tools: offered.map((each) => ({ type: 'function', ...each })),
      max_output_tokens: 80,
    });
    expect(response.json.output.map(({ type }: { type: string }) => type)).toContain('function_call');
    expect(response.json.tool_choice).toBe('required');
    const message = {
      model: 'story',
      messages: [asked],
      tools: offered.map(({ parameters, ...each }) => ({ ...each, input_schema: parameters })),
      max_tokens: 80,
    };
    expect((await post(server(), '/v1/messages', message)).json).toMatchObject({ content: [{ type: 'tool_use', name: 'weather' }] });
    const ollama = await post(server(), '/api/chat', { model: 'story', messages: [asked], tools: functions, stream: false, options: { num_predict: 80 } });
    expect(ollama.json.message.tool_calls).toHaveLength(1);
  });

  test('none is called where they say so, where a tool has answered, and where none is offered', async () => {
    const free = { messages: [asked], tools: functions, tool_choice: 'auto', max_tokens: 8 };
    expect(calls((await post(server(), '/v1/chat/completions', free)).json)).toBe(0);
    expect(calls((await post(server(), '/v1/chat/completions', { ...free, tool_choice: 'none' })).json)).toBe(0);
    const behind = { messages: [asked, called, answered], tools: functions, max_tokens: 8 };
    expect(calls((await post(server(), '/v1/chat/completions', behind)).json)).toBe(0);
    expect(calls((await post(server(), '/v1/chat/completions', { messages: [asked], max_tokens: 8 })).json)).toBe(0);
  });
});

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
