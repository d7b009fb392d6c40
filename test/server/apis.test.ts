// Anthropic's, Ollama's and llama.cpp's APIs: their shapes, and the texts that the model says in this process.
import { storyModel } from '../lib/model';
import { ask, eventsOf, get, linesOf, post, served } from '../support/server';

const server = served();
const model = storyModel();

const content = 'Once upon a time there was a fox.';
const messages = [{ role: 'user', content }] as const;
const said = async (options: object = {}, of: Parameters<ReturnType<typeof model>['generate']>[0] = messages) =>
  (await model().generate(of, { temperature: 0, maxTokens: 12, ...options })).text;
const parameters = { type: 'object', properties: { zone: { enum: ['UTC', 'CET'] } }, required: ['zone'], additionalProperties: false };

describe('messages', () => {
  const path = '/v1/messages';
  const request = { model: 'story', messages, temperature: 0, max_tokens: 12 };
  const tools = [{ name: 'get_time', input_schema: parameters }];

  test('say what the model says; the prompt is counted in parts', async () => {
    const { json, headers } = await post(server(), path, request, { 'anthropic-version': '2023-06-01' });
    expect(json).toMatchObject({
      type: 'message',
      role: 'assistant',
      model: 'story',
      content: [{ type: 'text', text: await said() }],
      stop_reason: 'max_tokens',
      stop_sequence: null,
      usage: { output_tokens: 12, cache_creation_input_tokens: 0 },
    });
    expect(json.usage.input_tokens + json.usage.cache_read_input_tokens).toBe((await model().promptIds(messages)).length);
    expect((await post(server(), `${path}/count_tokens`, { model: 'story', messages })).json.input_tokens).toBe((await model().promptIds(messages)).length);
    expect(headers.get('request-id')).toBeTruthy();
  });

  test('as a stream: blocks one behind the other', async () => {
    const events = eventsOf((await post(server(), path, { ...request, stream: true })).text);
    for (const { name, data } of events) expect(name).toBe(data.type);
    expect(events.map(({ name }) => name).filter((name, i, all) => name !== all[i - 1])).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(events[0]?.data.message).toMatchObject({ content: [], stop_reason: null, stop_sequence: null });
    expect(events[0]?.data.message.usage.input_tokens).toBe((await model().promptIds(messages)).length);
    expect(events.map(({ data }) => data.delta?.text ?? '').join('')).toBe(await said());
    expect(events.at(-2)?.data).toMatchObject({ delta: { stop_reason: 'max_tokens', stop_sequence: null }, usage: { output_tokens: 12 } });
  });

  test('stop sequences are named; the last message of the assistant is gone on from', async () => {
    const word = (await said()).trim().split(' ')[3] as string;
    expect((await post(server(), path, { ...request, stop_sequences: [word] })).json).toMatchObject({ stop_reason: 'stop_sequence', stop_sequence: word });
    const begun = [...messages, { role: 'assistant', content: 'The fox was' }] as const;
    expect((await post(server(), path, { ...request, messages: begun })).json.content[0].text).toBe(await said({}, begun));
  });

  // The SDK's runner of tools sends the first turn so, and with the results of tools what it goes on from alone.
  test.each([false, true])('threads go on from the id of an answer (stream: %s)', async (stream) => {
    const turn = async (more: object) => {
      const { text } = await post(server(), path, { ...request, stream, ...more });
      if (!stream) return JSON.parse(text);
      const events = eventsOf(text).map(({ data }) => data);
      return { ...events[0].message, content: [{ type: 'text', text: events.map(({ delta }) => delta?.text ?? '').join('') }] };
    };
    const system = 'Be brief.';
    const first = await turn({ system, thread: { type: 'create' } });
    const more = [{ role: 'user', content: 'And then?' }] as const;
    const next = await turn({ messages: more, thread: { type: 'continue', previous_message_id: first.id } });
    const all = [{ role: 'system', content: system }, ...messages, { role: 'assistant', content: first.content[0].text }, ...more] as const;
    expect(next.content[0].text).toBe(await said({}, all));
    const alone = await turn({});
    const lost = await post(server(), path, { ...request, messages: more, thread: { type: 'continue', previous_message_id: alone.id } });
    expect(lost).toMatchObject({ status: 404, json: { error: { type: 'not_found_error', details: { error_code: 'thread_not_found' } } } });
  });

  test('tools: any, one, none; results go back', async () => {
    const any = (await post(server(), path, { ...request, tools, tool_choice: { type: 'any' }, max_tokens: 80 })).json;
    expect(any).toMatchObject({ stop_reason: 'tool_use', content: [{ type: 'tool_use', name: 'get_time' }] });
    const events = eventsOf(
      (await post(server(), path, { ...request, tools, tool_choice: { type: 'tool', name: 'get_time' }, max_tokens: 80, stream: true })).text,
    );
    expect(events.find(({ name }) => name === 'content_block_start')?.data).toMatchObject({ index: 0, content_block: { type: 'tool_use', input: {} } });
    expect(['UTC', 'CET']).toContain(JSON.parse(events.map(({ data }) => data.delta?.partial_json ?? '').join('')).zone);
    const none = (await post(server(), path, { ...request, tools, tool_choice: { type: 'none' } })).json;
    expect(none.content.map((block: { type: string }) => block.type)).toEqual(['text']);
    const back = [
      ...messages,
      { role: 'assistant', content: any.content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: any.content[0].id, content: 'noon' }] },
    ];
    expect((await post(server(), path, { ...request, tools, messages: back })).status).toBe(200);
  });

  test.each([
    ['no max_tokens', { max_tokens: undefined }, 400, 'invalid_request_error'],
    ['no messages', { messages: [] }, 400, 'invalid_request_error'],
    ['an image', { messages: [{ role: 'user', content: [{ type: 'image', source: {} }] }] }, 400, 'invalid_request_error'],
    ['an unknown model', { model: 'nope' }, 404, 'not_found_error'],
  ])('%s is refused in the form of the API', async (_, wrong, status, type) => {
    const told = await post(server(), path, { ...request, ...wrong });
    expect([told.status, told.json.type, told.json.error.type]).toEqual([status, 'error', type]);
  });
});

describe('Ollama', () => {
  const options = { temperature: 0, num_predict: 12, repeat_penalty: 1, top_k: 0, top_p: 1 };
  const chat = { model: 'story', messages, options };

  test('chat: lines, the last with counts in nanoseconds; the same alone', async () => {
    const { text, headers } = await post(server(), '/api/chat', chat);
    expect(headers.get('content-type')).toBe('application/x-ndjson');
    const lines = linesOf(text);
    expect(lines.map((line) => line.message.content).join('')).toBe(await said());
    expect(lines.slice(0, -1).every((line) => line.done === false)).toBe(true);
    expect(lines.at(-1)).toMatchObject({ done: true, done_reason: 'length', eval_count: 12, prompt_eval_count: (await model().promptIds(messages)).length });
    for (const key of ['total_duration', 'load_duration', 'prompt_eval_duration', 'eval_duration']) expect(Number.isInteger(lines.at(-1)[key])).toBe(true);
    expect((await post(server(), '/api/chat', { ...chat, stream: false })).json.message.content).toBe(await said());
  });

  test('generate: raw, with a system, and on from a context', async () => {
    const generate = async (more: object) => (await post(server(), '/api/generate', { model: 'story', prompt: content, stream: false, options, ...more })).json;
    expect((await generate({ raw: true })).response).toBe(await said({}, content));
    const told = [{ role: 'system', content: 'Be brief.' }, ...messages] as const;
    expect((await generate({ system: 'Be brief.' })).response).toBe(await said({}, told));
    expect(await generate({ options: { num_predict: 0 } })).toMatchObject({ response: '', done: true, eval_count: 0 });
    const first = await generate({});
    const ids = [...(await model().promptIds(messages)), ...(await model().generate(messages, { temperature: 0, maxTokens: 12 })).ids];
    expect(first.context).toEqual(ids);
    const next = await generate({ context: first.context });
    expect(next.response).toBe(await said({}, [...ids, ...(await model().promptIds(messages))]));
  });

  test('a schema binds, tools are called with objects', async () => {
    const format = { type: 'object', properties: { c: { enum: ['red', 'blue'] } }, required: ['c'], additionalProperties: false };
    const lines = linesOf((await post(server(), '/api/chat', { ...chat, format, options: { ...options, num_predict: 40 } })).text);
    expect(['red', 'blue']).toContain(JSON.parse(lines.map((line) => line.message.content).join('')).c);
    expect((await post(server(), '/api/chat', { ...chat, format: 'xml' })).status).toBe(400);
    const tools = [{ type: 'function', function: { name: 'get_time', parameters } }];
    const history = [
      ...messages,
      { role: 'assistant', content: '', tool_calls: [{ function: { name: 'get_time', arguments: { zone: 'UTC' } } }] },
      { role: 'tool', tool_name: 'get_time', content: 'noon' },
    ];
    expect((await post(server(), '/api/chat', { ...chat, tools, messages: history, stream: false })).status).toBe(200);
  });

  test('models are loaded and let go by requests without a prompt', async () => {
    const hold = async (more: object) => (await post(server(), '/api/generate', { model: 'story', ...more })).json;
    expect(await hold({})).toMatchObject({ done: true, done_reason: 'load', response: '' });
    expect((await get(server(), '/api/ps')).json.models).toHaveLength(1);
    expect(await hold({ keep_alive: 0 })).toMatchObject({ done_reason: 'unload' });
    expect((await get(server(), '/api/ps')).json.models).toHaveLength(0);
    expect((await post(server(), '/api/chat', { ...chat, stream: false, keep_alive: '1h30m' })).json.message.content).toBe(await said());
    expect((await get(server(), '/api/ps')).json.models[0]).toMatchObject({ name: 'story', size_vram: 0 });
    expect((await post(server(), '/api/chat', { ...chat, keep_alive: 'soon' })).status).toBe(400);
  });

  test('what models are', async () => {
    const { models } = (await get(server(), '/api/tags')).json;
    expect(models).toMatchObject([{ name: 'story', details: { format: 'gguf', family: model().info.architecture } }]);
    expect(models[0].digest).toMatch(/^[0-9a-f]{64}$/);
    const shown = (await post(server(), '/api/show', { name: 'story:latest' })).json;
    expect(shown.model_info[`${shown.model_info['general.architecture']}.context_length`]).toBe(model().info.trainedContext);
    expect(shown).toMatchObject({ template: model().info.chatTemplate, capabilities: expect.arrayContaining(['completion']) });
    expect((await post(server(), '/api/show', { model: 'nope' })).json).toEqual({ error: expect.stringContaining('nope') });
    expect((await ask(server(), 'DELETE', '/api/delete', { model: 'story' })).status).toBe(403);
  });

  test('vectors: whole texts, or their beginnings', async () => {
    const { json } = await post(server(), '/api/embed', { model: 'story', input: ['a cat', 'a dog'] });
    expect(json.embeddings.map((vector: number[]) => Float32Array.from(vector))).toEqual(await model().embed(['a cat', 'a dog']));
    for (const input of ['', []])
      expect((await post(server(), '/api/embed', { model: 'story', input })).json).toMatchObject({ model: 'story', embeddings: [], prompt_eval_count: 0 });
    expect((await post(server(), '/api/embed', { model: 'none', input: '' })).status).toBe(404);
    const long = 'fox '.repeat(2000);
    expect((await post(server(), '/api/embed', { model: 'story', input: long })).json.prompt_eval_count).toBe(model().info.contextTokens);
    expect((await post(server(), '/api/embed', { model: 'story', input: long, truncate: false })).status).toBe(400);
    expect((await post(server(), '/api/embeddings', { model: 'story', prompt: 'a cat' })).json.embedding).toEqual(json.embeddings[0]);
  });
});

describe('llama.cpp', () => {
  const request = { prompt: 'The fox', temperature: 0, n_predict: 12 };

  test('completion: a text and what it took; the same as a stream', async () => {
    const { json } = await post(server(), '/completion', { ...request, return_tokens: true, n_probs: 2 });
    const direct = await model().generate('The fox', { temperature: 0, maxTokens: 12 });
    expect(json).toMatchObject({
      content: direct.text,
      tokens: direct.ids,
      stop: true,
      stop_type: 'limit',
      tokens_predicted: 12,
      tokens_evaluated: direct.usage.prompt,
      generation_settings: { temperature: 0, n_predict: 12, top_k: 40 },
      timings: { predicted_n: 12 },
    });
    expect(json.completion_probabilities).toHaveLength(12);
    const events = eventsOf((await post(server(), '/completion', { ...request, stream: true })).text);
    expect(events.map(({ data }) => data.content).join('')).toBe(direct.text);
    expect(events.flatMap(({ data }) => data.tokens)).toEqual(direct.ids);
    expect(events.at(-1)?.data).toMatchObject({ stop: true, stop_type: 'limit' });
  });

  // llama.cpp: "If a sampler is not set, it will not be used", and with mirostat, "Top K, Nucleus and Locally Typical samplers are ignored if used".
  test('parameters of samplers that do not run are passed over', async () => {
    const warm = { ...request, temperature: 1, seed: 7 };
    const text = async (more: object) => (await post(server(), '/completion', { ...warm, ...more })).json.content;
    const direct = async (options: object) => (await model().generate('The fox', { temperature: 1, seed: 7, maxTokens: 12, ...options })).text;
    expect(await text({ mirostat: 2, top_k: 5, top_p: 0.5, min_p: 0.2, typical_p: 0.9, samplers: ['top_k'] })).toBe(await direct({ mirostat: 2 }));
    expect(await text({ samplers: ['temperature'], top_k: 1, mirostat: 0, dry_multiplier: 2 })).toBe(await direct({ samplers: ['temperature'] }));
    const ollama = {
      model: 'story',
      prompt: 'The fox',
      raw: true,
      stream: false,
      options: { temperature: 1, seed: 7, num_predict: 12, mirostat: 1, top_k: 40 },
    };
    expect((await post(server(), '/api/generate', ollama)).json.response).toBe(await direct({ mirostat: 1, repeatPenalty: 1.1 }));
  });

  test('prompts of ids, of both, and several; fields that are asked for; nothing but the prompt', async () => {
    const ids = [...(await model().promptIds('The fox'))];
    const direct = await said({}, 'The fox');
    expect((await post(server(), '/completion', { ...request, prompt: ids })).json.content).toBe(direct);
    const several = (await post(server(), '/completion', { ...request, prompt: ['The fox', ids] })).json;
    expect(several.map((each: { content: string }) => each.content)).toEqual([direct, direct]);
    const fields = (await post(server(), '/completion', { ...request, response_fields: ['content', 'generation_settings/n_predict'] })).json;
    expect(fields).toEqual({ content: direct, 'generation_settings/n_predict': 12 });
    expect((await post(server(), '/completion', { ...request, n_predict: 0 })).json).toMatchObject({ content: '', tokens_predicted: 0 });
    const banned = (await post(server(), '/completion', { ...request, logit_bias: [[model().tokenize(direct)[0], false]] })).json.content;
    expect(banned).not.toBe(direct);
  });

  test('tokens and texts, templates', async () => {
    const text = 'Hello 🎉 naïve 日本 <|end|>';
    const { tokens } = (await post(server(), '/tokenize', { content: text, parse_special: false })).json;
    expect(tokens).toEqual([...model().tokenize(text)]);
    expect((await post(server(), '/detokenize', { tokens })).json.content).toBe(text);
    expect((await post(server(), '/detokenize', { tokens: [99_999_999] })).status).toBe(400);
    const pieces = (await post(server(), '/tokenize', { content: '🎉', with_pieces: true })).json.tokens;
    const bytes = pieces.flatMap(({ piece }: { piece: string | number[] }) => (typeof piece === 'string' ? [...Buffer.from(piece)] : piece));
    expect(Buffer.from(bytes).toString().trim()).toBe('🎉');
    expect((await post(server(), '/apply-template', { messages })).json.prompt).toContain(`<|user|>\n${content}<|end|>\n<|assistant|>`);
  });

  test('what it is set to, and what it does not do', async () => {
    expect((await get(server(), '/props')).json).toMatchObject({ total_slots: 32, model_alias: 'story', default_generation_settings: { n_ctx: 1024 } });
    expect((await get(server(), '/slots')).json).toHaveLength(32);
    expect((await get(server(), '/lora-adapters')).json).toEqual([]);
    expect((await post(server(), '/infill', { input_prefix: 'a', input_suffix: 'b' })).status).toBe(400); // it has no tokens for that
    expect((await post(server(), '/v1/rerank', { query: 'tea', documents: ['green tea'] })).status).toBe(400); // nor a head
    expect((await post(server(), '/completion', { ...request, grammar: 'root ::= (' })).status).toBe(400);
    expect((await post(server(), '/completion', { ...request, grammar: '%llguidance {}\nstart: "yes" | "no"' })).json.content).toMatch(/^(yes|no)$/);
    const bad = await post(server(), '/completion', { ...request, grammar: '%llguidance {}\nstart: (' });
    expect(bad.json.error.message).toContain('expected ), found the end of the grammar, in line 2, column 9');
  });
});
