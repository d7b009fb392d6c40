// OpenAI's APIs, held to their documents, and their texts to what the model says in this process.
import { cosineSimilarity } from 'llama-ts';

import { storyModel } from '../lib/model';
import { ask, eventsOf, get, post, served } from '../support/server';

const server = served();
const model = storyModel();

const messages = [{ role: 'user', content: 'Once upon a time there was a fox.' }] as const;
const greedy = { temperature: 0, max_tokens: 12 };
const chat = '/v1/chat/completions';
const said = async (options: object = {}) => (await model().generate(messages, { temperature: 0, maxTokens: 12, ...options })).text;
const clock = {
  type: 'function',
  function: {
    name: 'get_time',
    description: 'time',
    parameters: { type: 'object', properties: { zone: { enum: ['UTC', 'CET'] } }, required: ['zone'], additionalProperties: false },
  },
};

describe('chat completions', () => {
  test('say what the model says', async () => {
    const { status, json, headers } = await post(server(), chat, { model: 'story', messages, ...greedy });
    expect(status).toBe(200);
    expect(json).toMatchObject({
      object: 'chat.completion',
      model: 'story',
      choices: [{ index: 0, message: { role: 'assistant', content: await said(), refusal: null }, finish_reason: 'length', logprobs: null }],
      usage: { completion_tokens: 12, prompt_tokens_details: {}, completion_tokens_details: { reasoning_tokens: 0 } },
    });
    const prompt = (await model().promptIds(messages)).length;
    expect(json.usage).toMatchObject({ prompt_tokens: prompt, total_tokens: prompt + 12 });
    expect(headers.get('x-request-id')).toBe(headers.get('request-id'));
  });

  test('as a stream: a role first, one reason at the end, usage where it is asked for, and the same text', async () => {
    const { text, headers } = await post(server(), chat, { messages, ...greedy, stream: true, stream_options: { include_usage: true } });
    expect(headers.get('content-type')).toBe('text/event-stream');
    const events = eventsOf(text);
    expect(events.pop()?.data).toBe('[DONE]');
    const usage = events.pop()?.data;
    expect(usage).toMatchObject({ choices: [], usage: { completion_tokens: 12 } });
    const choices = events.map(({ data }) => data.choices[0]);
    expect(choices[0].delta.role).toBe('assistant');
    expect(choices.map(({ delta }) => delta.content ?? '').join('')).toBe(await said());
    expect(choices.map(({ finish_reason: why }) => why).filter((why) => why !== null)).toEqual(['length']);
    expect(choices.at(-1)).toMatchObject({ delta: {}, finish_reason: 'length' });
    expect(new Set([...events, { data: usage }].map(({ data }) => data.id)).size).toBe(1);
    expect((await post(server(), chat, { messages, ...greedy, stream: true })).text).not.toContain('"usage"');
  });

  test('fields that are null are absent, unknown ones left out', async () => {
    const nulls = Object.fromEntries(
      ['stop', 'tools', 'tool_choice', 'response_format', 'logit_bias', 'n', 'top_p', 'seed', 'stream_options'].map((k) => [k, null]),
    );
    const { json } = await post(server(), chat, { messages, ...greedy, ...nulls, user: 'u', store: true, metadata: { a: 'b' }, unknown: 1 });
    expect(json.choices[0].message.content).toBe(await said());
  });

  test('stop strings, seeds, several answers, biased tokens', async () => {
    const whole = await said();
    const stop = whole.trim().split(' ')[3] as string;
    const stopped = (await post(server(), chat, { messages, ...greedy, stop })).json.choices[0];
    expect(stopped).toMatchObject({ finish_reason: 'stop', message: { content: whole.slice(0, whole.indexOf(stop)) } });
    const warm = { messages, temperature: 1.2, seed: 7, max_tokens: 8 };
    const several = (await post(server(), chat, { ...warm, n: 3 })).json;
    expect(several.choices.map((c: { index: number }) => c.index)).toEqual([0, 1, 2]);
    expect(several.choices[0].message.content).toBe((await post(server(), chat, warm)).json.choices[0].message.content);
    expect(several.choices[1].message.content).toBe((await post(server(), chat, { ...warm, seed: 8 })).json.choices[0].message.content);
    expect(several.usage.completion_tokens).toBe(24);
    const id = model().tokenize(' cat')[0] as number;
    const forced = (await post(server(), chat, { messages, ...greedy, max_tokens: 3, logit_bias: { [id]: 100 } })).json.choices[0];
    expect(forced.message.content.trim()).toBe('cat cat cat');
  });

  test('log-probabilities: bytes that are the text, the best first', async () => {
    const { json } = await post(server(), chat, { messages, ...greedy, logprobs: true, top_logprobs: 3 });
    const { content } = json.choices[0].logprobs;
    const direct = (await model().generate(messages, { temperature: 0, maxTokens: 12, logprobs: 3 })).logprobs;
    expect(content.map((c: { logprob: number }) => c.logprob)).toEqual(direct?.map((l) => l.logprob));
    expect(Buffer.concat(content.map((c: { bytes: number[] }) => Buffer.from(c.bytes))).toString()).toBe(json.choices[0].message.content);
    for (const each of content) expect(each.top_logprobs).toHaveLength(3);
    const events = eventsOf((await post(server(), chat, { messages, ...greedy, logprobs: true, top_logprobs: 3, stream: true })).text);
    const streamed = events.flatMap(({ data }) => data.choices?.[0]?.logprobs?.content ?? []);
    expect(streamed).toEqual(content);
  });

  test('schemas and grammars bind the answer; what cannot be enforced is refused', async () => {
    const schema = { type: 'object', properties: { c: { enum: ['red', 'blue'] } }, required: ['c'], additionalProperties: false };
    const format = { type: 'json_schema', json_schema: { name: 'x', schema } };
    const { json } = await post(server(), chat, { messages, max_tokens: 40, response_format: format });
    expect(['red', 'blue']).toContain(JSON.parse(json.choices[0].message.content).c);
    expect((await post(server(), chat, { messages, max_tokens: 9, grammar: 'root ::= "yes" | "no"' })).json.choices[0].message.content).toMatch(/^(yes|no)$/);
    const lark = '%llguidance {}\nstart: start "," WORD | WORD\nWORD: "ha" | "ho"';
    expect((await post(server(), chat, { messages, max_tokens: 9, grammar: lark })).json.choices[0].message.content).toMatch(/^h[ao](,h[ao])*,?h?$/);
    const bad = await post(server(), chat, { messages, response_format: { type: 'json_schema', json_schema: { name: 'x', schema: { type: 'hiccup' } } } });
    expect(bad).toMatchObject({ status: 400, json: { error: { type: 'invalid_request_error', code: 'invalid_schema', keyword: 'type' } } });
    expect((await post(server(), chat, { messages, response_format: format, grammar: 'root ::= "a"' })).status).toBe(400);
  });

  test('tools that must be called are, alone and as a stream, by ids of their own', async () => {
    const request = { messages, tools: [clock], tool_choice: 'required', max_tokens: 80, temperature: 0 };
    const { json } = await post(server(), chat, request);
    const [call] = json.choices[0].message.tool_calls;
    expect(json.choices[0]).toMatchObject({ finish_reason: 'tool_calls', message: { content: null } });
    expect(call).toMatchObject({ type: 'function', function: { name: 'get_time' } });
    expect(['UTC', 'CET']).toContain(JSON.parse(call.function.arguments).zone);
    const deltas = eventsOf((await post(server(), chat, { ...request, stream: true })).text).flatMap(({ data }) => data.choices?.[0]?.delta?.tool_calls ?? []);
    expect(deltas[0]).toMatchObject({ index: 0, type: 'function', function: { name: 'get_time', arguments: '' } });
    expect(deltas.map((d) => d.function.arguments).join('')).toBe(call.function.arguments);
    expect(deltas[0].id).not.toBe(call.id);
    const history = [
      ...messages,
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: call.id, content: [{ type: 'text', text: 'noon' }] },
    ];
    expect((await post(server(), chat, { ...request, messages: history, tool_choice: 'auto', max_tokens: 2 })).status).toBe(200);
  });

  test.each([
    ['a name that is not offered', { tools: [clock], tool_choice: { type: 'function', function: { name: 'nope' } } }, 'tool_choice'],
    ['required without tools', { tool_choice: 'required' }, 'tool_choice'],
    ['a word that is none', { tools: [clock], tool_choice: 'sometimes' }, 'tool_choice'],
    ['temperature as text', { temperature: 'hot' }, 'temperature'],
    ['a place inside of messages', { messages: [{ role: 'user', content: 5 }] }, 'messages[0].content'],
    ['an unknown role', { messages: [{ role: 'wizard', content: 'x' }] }, 'messages[0].role'],
    ['no messages', { messages: [] }, 'messages'],
    ['an image', { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'file:///etc/passwd' } }] }] }, 'messages[0].content[0]'],
    ['too many answers', { n: 1000 }, 'n'],
  ])('%s is refused, and named', async (_, wrong, param) => {
    const { status, json } = await post(server(), chat, { messages, ...greedy, ...wrong });
    expect([status, json.error.type, json.error.param]).toEqual([400, 'invalid_request_error', param]);
    expect(Object.keys(json.error)).toEqual(expect.arrayContaining(['message', 'type', 'param', 'code']));
  });

  test('a prompt beyond the context is refused before the stream begins', async () => {
    const content = 'fox '.repeat(20_000);
    for (const stream of [false, true])
      expect(await post(server(), chat, { messages: [{ role: 'user', content }], stream })).toMatchObject({
        status: 400,
        json: { error: { code: 'context_length_exceeded' } },
      });
  });

  test('an unknown model is 404, a model by any of its names is found', async () => {
    expect(await post(server(), chat, { model: 'nope', messages })).toMatchObject({ status: 404, json: { error: { code: 'model_not_found' } } });
    expect((await post(server(), chat, { model: 'story:latest', messages, max_tokens: 1 })).json.model).toBe('story');
  });

  test('tokens are counted as the answer will count them', async () => {
    const { json } = await post(server(), `${chat}/input_tokens`, { messages, tools: [clock] });
    expect(json.input_tokens).toBe((await post(server(), chat, { messages, tools: [clock], max_tokens: 1 })).json.usage.prompt_tokens);
  });
});

describe('completions', () => {
  const path = '/v1/completions';
  const text = async (prompt: string, maxTokens: number) => (await model().generate(prompt, { maxTokens, temperature: 0 })).text;

  test('a text, several, ids; the same as a stream', async () => {
    const one = await post(server(), path, { prompt: 'The fox', ...greedy });
    expect(one.json).toMatchObject({ object: 'text_completion', choices: [{ text: await text('The fox', 12), finish_reason: 'length' }] });
    const two = await post(server(), path, { prompt: ['The fox', 'The dog'], ...greedy });
    expect(two.json.choices.map((c: { text: string }) => c.text)).toEqual([await text('The fox', 12), await text('The dog', 12)]);
    const ids = [...(await model().promptIds('The fox'))];
    expect((await post(server(), path, { prompt: ids, ...greedy })).json).toMatchObject({ choices: one.json.choices, usage: { prompt_tokens: ids.length } });
    const events = eventsOf((await post(server(), path, { prompt: 'The fox', ...greedy, stream: true })).text);
    expect(events.map(({ data }) => data.choices?.[0]?.text ?? '').join('')).toBe(one.json.choices[0].text);
  });

  test('echo, log-probabilities in the old form, 16 tokens where nothing is said', async () => {
    const echoed = (await post(server(), path, { prompt: 'The fox', ...greedy, echo: true })).json.choices[0].text;
    expect(echoed).toBe(`The fox${await text('The fox', 12)}`);
    const {
      tokens,
      token_logprobs: values,
      text_offset: offsets,
      top_logprobs: top,
    } = (await post(server(), path, { prompt: 'The fox', ...greedy, logprobs: 2 })).json.choices[0].logprobs;
    expect([tokens, values, offsets, top].map((list) => list.length)).toEqual([12, 12, 12, 12]);
    expect((await post(server(), path, { prompt: 'The fox', temperature: 0, ignore_eos: true })).json.usage.completion_tokens).toBe(16);
  });

  test.each([
    ['no prompt', {}],
    ['an object', { prompt: {} }],
    ['an id that no token has', { prompt: [99_999_999] }],
    ['a negative id', { prompt: [-5] }],
    ['best of more than are given', { prompt: 'x', best_of: 5 }],
    ['a suffix, without tokens for it', { prompt: 'x', suffix: 'y' }],
  ])('%s is refused', async (_, body) => {
    expect((await post(server(), path, body)).status).toBe(400);
  });
});

describe('embeddings', () => {
  const path = '/v1/embeddings';

  test('are the vectors that the model gives, as numbers and as bytes', async () => {
    const texts = ['a cat', 'stock prices fell'];
    const vectors = await model().embed(texts);
    const { json } = await post(server(), path, { input: texts });
    expect(json.data.map((d: { embedding: number[] }) => Float32Array.from(d.embedding))).toEqual(vectors);
    expect(json.usage.prompt_tokens).toBe((await model().embedIds(texts)).reduce((sum, ids) => sum + ids.length, 0));
    const base64 = (await post(server(), path, { input: texts[0], encoding_format: 'base64' })).json.data[0].embedding;
    const bytes = Buffer.from(base64, 'base64');
    expect(Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(4 * i))).toEqual(vectors[0]);
    const short = (await post(server(), path, { input: 'a cat', dimensions: 16 })).json.data[0].embedding as number[];
    expect(short).toHaveLength(16);
    expect(cosineSimilarity(Float32Array.from(short), (vectors[0] as Float32Array).slice(0, 16))).toBeCloseTo(1, 5);
  });

  test.each([[{}], [{ input: [] }], [{ input: '' }], [{ input: 5 }], [{ input: 'x', dimensions: 1e7 }], [{ input: 'x', encoding_format: 'roman' }]])(
    '%j is refused',
    async (body) => {
      expect((await post(server(), path, body)).status).toBe(400);
    },
  );
});

describe('responses', () => {
  const path = '/v1/responses';
  const input = messages[0].content;
  const request = { input, temperature: 0, max_output_tokens: 12 };
  const textOf = (response: { output: { type: string; content: { text: string }[] }[] }) =>
    response.output.find((item) => item.type === 'message')?.content[0]?.text;

  test('are items; one that is cut says why', async () => {
    const { json } = await post(server(), path, request);
    expect(json).toMatchObject({
      object: 'response',
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      usage: { output_tokens: 12, input_tokens_details: {}, output_tokens_details: {} },
    });
    expect(textOf(json)).toBe(await said());
  });

  test('as a stream: the whole order of events, numbered', async () => {
    const events = eventsOf((await post(server(), path, { ...request, stream: true })).text);
    expect(events.map(({ data }) => data.sequence_number)).toEqual(events.map((_, i) => i));
    for (const { name, data } of events) expect(name).toBe(data.type);
    expect(events.map(({ name }) => name).filter((name, i, all) => name !== all[i - 1])).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.incomplete',
    ]);
    const last = events.at(-1)?.data.response;
    expect(textOf(last)).toBe(await said());
    expect(last.id).toBe(events[0]?.data.response.id);
  });

  test('calls of tools, told in pieces', async () => {
    const tools = [{ type: 'function', name: 'get_time', parameters: clock.function.parameters }, { type: 'web_search' }];
    const events = eventsOf((await post(server(), path, { input, tools, tool_choice: 'required', max_output_tokens: 80, stream: true })).text);
    const added = events.find(({ data }) => data.item?.type === 'function_call')?.data;
    const pieces = events.filter(({ name }) => name === 'response.function_call_arguments.delta').map(({ data }) => data);
    const done = events.find(({ name }) => name === 'response.function_call_arguments.done')?.data;
    expect(added.item).toMatchObject({ name: 'get_time', arguments: '', status: 'in_progress' });
    expect(pieces.map((p) => p.delta).join('')).toBe(done.arguments);
    expect(new Set(pieces.map((p) => p.item_id))).toEqual(new Set([added.item.id]));
    expect(events.at(-1)?.data.response.output[0]).toMatchObject({ call_id: added.item.call_id, arguments: done.arguments, status: 'completed' });
  });

  test('go on from one another, are kept, given and forgotten', async () => {
    const first = (await post(server(), path, request)).json;
    const next = (await post(server(), path, { ...request, input: 'And then?', previous_response_id: first.id })).json;
    const whole = [...messages, { role: 'assistant', content: textOf(first) ?? '' }, { role: 'user', content: 'And then?' }] as const;
    expect(next.usage.input_tokens).toBe((await model().promptIds(whole)).length);
    expect(textOf(next)).toBe((await model().generate(whole, { temperature: 0, maxTokens: 12 })).text);
    expect((await get(server(), `${path}/${first.id}`)).json).toEqual(first);
    expect((await ask(server(), 'DELETE', `${path}/${first.id}`)).json).toMatchObject({ deleted: true });
    expect((await get(server(), `${path}/${first.id}`)).status).toBe(404);
    expect((await post(server(), path, { ...request, previous_response_id: first.id })).status).toBe(404);
    const unkept = (await post(server(), path, { ...request, store: false })).json;
    expect((await get(server(), `${path}/${unkept.id}`)).status).toBe(404);
  });

  test('items of kept responses are named by their ids alone', async () => {
    const streamed = eventsOf((await post(server(), path, { ...request, stream: true })).text).at(-1)?.data.response;
    for (const first of [(await post(server(), path, request)).json, streamed]) {
      const named = [
        { role: 'user', content: input },
        { type: 'item_reference', id: first.output[0].id },
        { role: 'user', content: 'And then?' },
      ];
      const next = (await post(server(), path, { ...request, input: named, store: false })).json;
      const whole = [...messages, { role: 'assistant', content: textOf(first) ?? '' }, { role: 'user', content: 'And then?' }] as const;
      expect(textOf(next)).toBe((await model().generate(whole, { temperature: 0, maxTokens: 12 })).text);
      await ask(server(), 'DELETE', `${path}/${first.id}`);
      expect(await post(server(), path, { ...request, input: named })).toMatchObject({ status: 404, json: { error: { param: 'input[1]' } } });
    }
  });

  test('what a response answered is listed in pages, the last item first', async () => {
    const words = ['one', 'two', 'three'];
    const given = words.map((content, i) => ({ role: i % 2 === 0 ? 'user' : 'assistant', content }));
    const { id } = (await post(server(), path, { ...request, input: given })).json;
    const page = async (query: string) => (await get(server(), `${path}/${id}/input_items${query}`)).json;
    const all = await page('');
    expect(all.data.map((item: { content: { text: string }[] }) => item.content[0]?.text)).toEqual(['three', 'two', 'one']);
    expect((await page('?order=asc')).data).toEqual([...all.data].reverse());
    const first = await page('?limit=2');
    expect(first).toMatchObject({ has_more: true, first_id: all.data[0].id, last_id: all.data[1].id });
    expect(await page(`?limit=2&after=${first.last_id}`)).toMatchObject({ data: [all.data[2]], has_more: false });
    for (const query of ['?limit=0', '?order=up', '?after=msg_none']) expect((await get(server(), `${path}/${id}/input_items${query}`)).status).toBe(400);
  });

  test.each([
    ['an item of another kind', { type: 'computer_call', id: 'c' }, 'input[1]'],
    ['a call without arguments', { type: 'function_call', call_id: 'c', name: 'f' }, 'input[1].arguments'],
    ['a role that is none', { role: 'robot', content: 'Hi' }, 'input[1].role'],
    ['a part that is none', { role: 'user', content: [{ type: 'tea' }] }, 'input[1].content[0].type'],
  ])('%s is refused by its place', async (_, item, param) => {
    const { status, json } = await post(server(), path, { ...request, input: [{ role: 'user', content: 'Hi' }, item] });
    expect([status, json.error.param]).toEqual([400, param]);
  });

  test('what is not offered is refused', async () => {
    expect((await post(server(), path, { ...request, background: true })).status).toBe(400);
    expect((await post(server(), path, { ...request, conversation: 'c' })).status).toBe(400);
  });

  test('tokens are counted as the response will count them', async () => {
    const { json } = await post(server(), `${path}/input_tokens`, { input, instructions: 'Be brief.' });
    expect(json.input_tokens).toBe((await post(server(), path, { ...request, instructions: 'Be brief.' })).json.usage.input_tokens);
  });
});

test('models: one answer for clients of OpenAI and Anthropic', async () => {
  const { json } = await get(server(), '/v1/models');
  expect(json).toMatchObject({ object: 'list', has_more: false, data: [{ id: 'story', object: 'model', type: 'model', display_name: 'story' }] });
  expect(json.data[0].meta).toMatchObject({ n_vocab: model().info.vocabulary, n_params: model().info.parameters });
  expect((await get(server(), '/v1/models/story')).json.id).toBe('story');
  expect((await get(server(), '/models/story')).json.id).toBe('story');
  const none = await get(server(), '/v1/models/no%2Fsuch');
  expect([none.status, none.json.error.code]).toEqual([404, 'model_not_found']);
  expect((await get(server(), '/v1/models/no', { 'anthropic-version': '2023-06-01' })).json).toMatchObject({
    type: 'error',
    error: { type: 'not_found_error' },
  });
});
