// A model that reasons first, in the words of each API. The story model plays it: its template begins the reasoning, and a budget ends it.
import { embeddedModel } from 'llama-ts';

import { storyModel } from '../lib/model';
import { eventsOf, linesOf, post, served } from '../support/server';

const template =
  '{% for message in messages %}<|{{ message.role }}|>\n{% if message.reasoning_content %}<think>\n{{ message.reasoning_content }}\n</think>\n\n{% endif %}' +
  '{{ message.content }}<|end|>\n{% endfor %}{% if add_generation_prompt %}<|assistant|>\n<think>\n{% endif %}';

const server = served({ model: { path: embeddedModel, name: 'story', template, load: { threads: 1 } } });
const model = storyModel();

const messages = [{ role: 'user', content: 'Once upon a time.' }] as const;
const tokens = { reasoning: 12, all: 24 };
const direct = (budget?: number) =>
  model().generate(messages, { template, temperature: 0, maxTokens: tokens.all, ignoreEnd: true, ...(budget !== undefined && { reasoning: { budget } }) });

test('chat completions: apart from the content, and counted', async () => {
  const { json } = await post(server(), '/v1/chat/completions', { messages, temperature: 0, max_tokens: tokens.all, ignore_eos: true });
  const { reasoning, text } = await direct();
  expect(json.choices[0].message).toMatchObject({ reasoning_content: reasoning, content: text });
  expect(json.usage.completion_tokens_details.reasoning_tokens).toBeGreaterThan(tokens.all / 2);
  const { text: told } = await post(server(), '/v1/chat/completions', { messages, temperature: 0, max_tokens: tokens.all, ignore_eos: true, stream: true });
  const deltas = eventsOf(told).flatMap(({ data }) => data.choices?.map((c: { delta: object }) => c.delta) ?? []);
  expect(deltas.map((d) => d.reasoning_content ?? '').join('')).toBe(reasoning);
});

describe('messages, with a budget', () => {
  const request = {
    model: 'story',
    messages,
    temperature: 0,
    max_tokens: tokens.all,
    ignore_eos: true,
    thinking: { type: 'enabled', budget_tokens: tokens.reasoning },
  };

  test('a thinking block, then the text', async () => {
    const { json } = await post(server(), '/v1/messages', request);
    const { reasoning, text } = await direct(tokens.reasoning);
    expect(text).not.toBe('');
    expect(json.content).toMatchObject([
      { type: 'thinking', thinking: reasoning, signature: expect.any(String) },
      { type: 'text', text },
    ]);
    const back = [...messages, { role: 'assistant', content: json.content }, { role: 'user', content: 'Go on.' }];
    expect((await post(server(), '/v1/messages', { ...request, messages: back })).status).toBe(200);
  });

  test('as a stream: signed at its end, numbered without gaps', async () => {
    const events = eventsOf((await post(server(), '/v1/messages', { ...request, stream: true })).text);
    const { reasoning, text } = await direct(tokens.reasoning);
    expect(events.map(({ data }) => data.delta?.thinking ?? '').join('')).toBe(reasoning);
    expect(events.map(({ data }) => data.delta?.text ?? '').join('')).toBe(text);
    const starts = events.filter(({ name }) => name === 'content_block_start').map(({ data }) => [data.index, data.content_block.type]);
    expect(starts).toEqual([
      [0, 'thinking'],
      [1, 'text'],
    ]);
    const stop = events.findIndex(({ name }) => name === 'content_block_stop');
    expect(events[stop - 1]?.data).toMatchObject({ index: 0, delta: { type: 'signature_delta' } });
  });
});

test('responses: an item of its own', async () => {
  const { text: told } = await post(server(), '/v1/responses', {
    input: messages[0].content,
    temperature: 0,
    max_output_tokens: tokens.all,
    ignore_eos: true,
    stream: true,
  });
  const events = eventsOf(told);
  const { reasoning } = await direct();
  expect(
    events
      .filter(({ name }) => name === 'response.reasoning_text.delta')
      .map(({ data }) => data.delta)
      .join(''),
  ).toBe(reasoning);
  const last = events.at(-1)?.data.response;
  expect(last.output[0]).toMatchObject({ type: 'reasoning', content: [{ type: 'reasoning_text', text: reasoning }] });
  expect(last.usage.output_tokens_details.reasoning_tokens).toBeGreaterThan(0);
});

test('Ollama: as thinking', async () => {
  const options = { temperature: 0, num_predict: tokens.all, repeat_penalty: 1, top_k: 0, top_p: 1, ignore_eos: true };
  const lines = linesOf((await post(server(), '/api/chat', { model: 'story', messages, options })).text);
  expect(lines.map((line) => line.message.thinking ?? '').join('')).toBe((await direct()).reasoning);
});
