// Streams as they are read, wherever they are cut, and requests as they are written.
import { bodyOf, heardOf, reading, type Heard } from '../../web/src/api/chat';
import { Failed, failureFrom, failureOf } from '../../web/src/api/failure';
import { EventParser, eventsOf, type ServerEvent } from '../../web/src/api/sse';
import { Draft } from '../../web/src/data/draft';
import { Rates } from '../../web/src/data/rates';
import { question, toolResult, waiting } from '../../web/src/data/tree';
import { plainSettings, type Answer } from '../../web/src/data/types';

const all = (text: string): ServerEvent[] => new EventParser().push(text);

test('events by the rules of the standard', () => {
  expect(all('data: a\n\n')).toEqual([{ event: '', data: 'a' }]);
  expect(all('\uFEFFevent: x\ndata:a\ndata:  b\nid: 1\nretry: 5\n\n')).toEqual([{ event: 'x', data: 'a\n b' }]);
  expect(all(': ping\n\ndata\n\n')).toEqual([{ event: '', data: '' }]);
  expect(all('event: x\n\ndata: a\r\n\r\ndata: b\r\rdata: c')).toEqual([
    { event: '', data: 'a' },
    { event: '', data: 'b' },
  ]);
});

test('events are the same wherever bytes are cut', async () => {
  const text = ': ping\r\n\r\nevent: é\r\ndata: {"a":"日本 😀"}\r\n\r\ndata: one\ndata: two\n\ndata: [DONE]\n\n';
  const bytes = new TextEncoder().encode(text);
  const whole = all(text);
  expect(whole).toHaveLength(3);
  for (let size = 1; size <= bytes.length; size++) {
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let i = 0; i < bytes.length; i += size) controller.enqueue(bytes.slice(i, i + size));
        controller.close();
      },
    });
    const found: ServerEvent[] = [];
    for await (const event of eventsOf(body)) found.push(event);
    expect(found).toEqual(whole);
  }
});

test('an event without an end does not fill the memory', () => {
  const parser = new EventParser();
  const piece = 'x'.repeat(2 ** 20);
  expect(() => {
    for (let i = 0; i < 32; i++) parser.push(piece);
  }).toThrow(RangeError);
  const lines = new EventParser();
  expect(() => {
    for (let i = 0; i < 32; i++) lines.push(`data: ${piece}\n`);
  }).toThrow(RangeError);
});

const chunk = (choice: object, more: object = {}): ServerEvent => ({
  event: '',
  data: JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: null, ...choice }], ...more }),
});

async function* given(events: readonly ServerEvent[]): AsyncGenerator<ServerEvent> {
  yield* events;
}

async function heard(events: readonly ServerEvent[]): Promise<Heard[]> {
  const found: Heard[] = [];
  for await (const each of heardOf(given(events))) found.push(each);
  return found;
}

const done: ServerEvent = { event: '', data: '[DONE]' };

test('an answer with reasoning, text, calls and timings', async () => {
  const events = [
    chunk({ delta: { role: 'assistant', content: '' } }),
    chunk({ delta: { reasoning_content: 'hm' } }),
    chunk({
      delta: { content: 'Hi' },
      logprobs: {
        content: [
          {
            token: 'Hi',
            logprob: -0.5,
            bytes: [72, 105],
            top_logprobs: [
              { token: 'Hi', logprob: -0.5 },
              { token: 'Ho', logprob: -1 },
            ],
          },
        ],
      },
    }),
    chunk({ delta: { tool_calls: [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '' } }] } }),
    chunk({ delta: { tool_calls: [{ index: 0, function: { arguments: '{"a"' } }] } }),
    chunk({ delta: { tool_calls: [{ index: 0, function: { arguments: ':1}' } }] } }),
    chunk({ finish_reason: 'tool_calls' }, { timings: { cache_n: 2, prompt_n: 3, prompt_ms: 4, predicted_n: 5, predicted_ms: 6 } }),
    done,
  ];
  const draft = new Draft(waiting('q', 'm', false, 0));
  for (const each of await heard(events)) draft.heard(each, 0);
  expect(draft.answer).toMatchObject({
    state: 'done',
    text: 'Hi',
    reasoning: 'hm',
    calls: [{ id: 'c1', name: 'f', arguments: '{"a":1}' }],
    timings: { promptTokens: 5, cachedTokens: 2, promptMs: 4, tokens: 5, ms: 6 },
    chances: [
      {
        text: 'Hi',
        logprob: -0.5,
        top: [
          { text: 'Hi', logprob: -0.5 },
          { text: 'Ho', logprob: -1 },
        ],
      },
    ],
  });
});

test('log-probabilities that come behind the text are not lost', async () => {
  const entry = (token: string) => ({ token, logprob: -1, bytes: [], top_logprobs: [] });
  const events = [
    chunk({ delta: { content: 'a' }, logprobs: { content: [entry('a')] } }),
    chunk({ delta: { content: '' }, logprobs: { content: [entry('b')] } }),
    chunk({ finish_reason: 'length', logprobs: { content: [entry('c')] } }),
    done,
  ];
  const draft = new Draft(waiting('q', 'm', false, 0));
  for (const each of await heard(events)) draft.heard(each, 0);
  expect(draft.answer).toMatchObject({ state: 'length', text: 'a' });
  expect(draft.answer.chances?.map(({ text }) => text)).toEqual(['a', 'b', 'c']);
});

test('several answers at a time are kept apart', async () => {
  const found = await heard([
    chunk({ index: 1, delta: { content: 'b' } }),
    chunk({ delta: { content: 'a' } }),
    chunk({ index: 1, finish_reason: 'stop' }),
    done,
  ]);
  expect(found.map(({ choice, type }) => [choice, type])).toEqual([
    [1, 'text'],
    [0, 'text'],
    [1, 'end'],
  ]);
});

test('an error inside of the stream, and a stream that breaks off', async () => {
  await expect(heard([chunk({ delta: { content: 'a' } }), { event: '', data: '{"error":{"message":"no room"}}' }])).rejects.toMatchObject({
    failure: { kind: 'failed', message: 'no room' },
  });
  await expect(heard([chunk({ delta: { content: 'a' } })])).rejects.toMatchObject({ failure: { kind: 'broken' } });
});

test('a reader that stops cancels the body', async () => {
  let cancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode(`data: ${chunk({ delta: { content: 'a' } }).data}\n\n`)),
    cancel: () => {
      cancelled = true;
    },
  });
  for await (const each of reading(body)) {
    expect(each).toMatchObject({ type: 'text', text: 'a' });
    break;
  }
  expect(cancelled).toBe(true);
});

test('what ends an answer ends it once', () => {
  const draft = new Draft(waiting('q', 'm', false, 0));
  draft.heard({ choice: 0, type: 'text', text: 'a', chances: [] }, 0);
  draft.end('stopped');
  draft.end({ kind: 'gone', message: '' });
  expect(draft.answer).toMatchObject({ state: 'stopped', text: 'a' });
  expect(draft.answer.failure).toBeUndefined();
});

describe('failures', () => {
  const of = async (status: number, body: string, headers: Record<string, string> = {}) => (await failureOf(new Response(body, { status, headers }))).failure;

  test('by their status, with what the server said', async () => {
    expect(await of(401, '{"error":{"message":"key"}}')).toEqual({ kind: 'key', status: 401, message: 'key' });
    expect(await of(403, '{"error":"no"}')).toEqual({ kind: 'forbidden', status: 403, message: 'no' });
    expect(await of(429, '', { 'retry-after': '3' })).toEqual({ kind: 'busy', status: 429, message: '', retryAfter: 3 });
    expect(await of(503, '<html>', { 'retry-after': 'soon' })).toEqual({ kind: 'busy', status: 503, message: '' });
    expect(await of(400, '{}')).toMatchObject({ kind: 'refused' });
    expect(await of(502, '')).toMatchObject({ kind: 'failed' });
  });

  test('of the network, before and inside of an answer', () => {
    expect(failureFrom(new TypeError('x'), false).kind).toBe('gone');
    expect(failureFrom(new TypeError('x'), true).kind).toBe('broken');
    expect(failureFrom(new Failed({ kind: 'busy', message: '' }), true).kind).toBe('busy');
  });
});

describe('requests', () => {
  const ask = question(null, 'Hi', 0);
  const answer: Answer = { ...waiting(ask.id, 'm', false, 0), state: 'done', text: 'Yes', calls: [{ id: 'c', name: 'f', arguments: '{}' }] };

  test('the conversation, with its system prompt, calls and results', () => {
    const path = [ask, answer, toolResult(answer.id, 'c', 'f', '42', 0)];
    expect(bodyOf(path, 'm', { ...plainSettings, system: 'Be brief.' }, 1, [])).toEqual({
      model: 'm',
      stream: true,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Yes', tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }] },
        { role: 'tool', tool_call_id: 'c', name: 'f', content: '42' },
      ],
    });
  });

  test('questions without an answer between them are one', () => {
    const failed: Answer = { ...waiting(ask.id, 'm', false, 0), state: 'failed' };
    const { messages } = bodyOf([ask, failed, question(failed.id, 'Again', 0)], '', plainSettings, 1, []);
    expect(messages).toEqual([{ role: 'user', content: 'Hi\n\nAgain' }]);
  });

  test('settings', () => {
    const settings = {
      ...plainSettings,
      parameters: { temperature: 0, top_k: 5 },
      stop: ['END'],
      chances: true,
      schema: { on: true, text: '{"type":"object"}' },
      tools: { ...plainSettings.tools, on: true, text: '[{"name":"f"},{"type":"function","function":{"name":"g"}}]' },
    };
    expect(bodyOf([ask], 'm', settings, 2, [])).toMatchObject({
      temperature: 0,
      top_k: 5,
      n: 2,
      stop: ['END'],
      logprobs: true,
      response_format: { type: 'json_schema', json_schema: { schema: { type: 'object' } } },
      tools: [
        { type: 'function', function: { name: 'f' } },
        { type: 'function', function: { name: 'g' } },
      ],
    });
  });

  test('tools of the server, but for those that are called as one of the user is', () => {
    const settings = { ...plainSettings, tools: { ...plainSettings.tools, on: true, text: '[{"name":"f"}]', server: true } };
    const parameters = { type: 'object', properties: {} };
    const server = ['f', 'g'].map((name) => ({ name, description: `of the server: ${name}`, parameters }));
    expect(bodyOf([ask], 'm', settings, 1, server).tools).toEqual([
      { type: 'function', function: { name: 'f' } },
      { type: 'function', function: { name: 'g', description: 'of the server: g', parameters } },
    ]);
  });

  test('what is switched off or no good is not sent', () => {
    const settings = { ...plainSettings, schema: { on: true, text: '{' }, tools: { ...plainSettings.tools, text: '[{"name":"f"}]' } };
    expect(Object.keys(bodyOf([ask], 'm', settings, 1, [{ name: 'h', description: '', parameters: {} }])).sort()).toEqual(['messages', 'model', 'stream']);
  });
});

test('rates are tokens a second', () => {
  const rates = new Rates();
  for (let ms = 0; ms < 1000; ms += 20) rates.heard(1, 5000 + ms);
  expect(rates.points).toEqual([50, 50, 50, 50]); // the fifth stretch is not over
  const slow = new Rates();
  slow.heard(1, 0);
  slow.heard(1, 500);
  slow.heard(1, 900);
  expect(slow.points).toEqual([5, 0, 5, 0]);
});
