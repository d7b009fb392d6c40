// The AI SDK with our models: its functions' results against the model's own.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  createProviderRegistry,
  embed,
  embedMany,
  generateObject,
  generateText,
  jsonSchema,
  Output,
  rerank,
  stepCountIs,
  streamObject,
  streamText,
  tool,
  type EmbeddingModel,
  type LanguageModel,
  type RerankingModel,
  type ToolSet,
} from 'ai';
import { loadModel, type Model } from 'llama-ts';
import { createLlama, embeddingModel, languageModel, rerankingModel } from 'llama-ts/ai-sdk';
import { z } from 'zod';

import { messagesOf } from '../../lib/ai-sdk/prompt';
import type { AnyWarning } from '../../lib/ai-sdk/spec';
import { hermes, onModels, thinker } from '../support/ecosystem';
import { root, sharedPath, sharedTest, storyModel } from '../support/shared';

globalThis.AI_SDK_LOG_WARNINGS = false;

const prompt = 'Tell me of a cat.';
const words = [{ role: 'user' as const, content: [{ type: 'text' as const, text: prompt }] }];
const asked = [{ role: 'user' as const, content: prompt }];
const city = z.object({ city: z.enum(['Bern', 'Oslo']) });

interface Given {
  providerMetadata?: Record<string, Record<string, unknown>> | undefined;
}
const metadata = ({ providerMetadata }: Given): Record<string, unknown> => providerMetadata?.['llama-ts'] ?? {};

onModels((model) => {
  test('generateText gives what generate gives, and says what it took', async () => {
    const found = await generateText({ model: languageModel(model()), system: 'Be brief.', prompt, seed: 7, maxOutputTokens: 12, topK: 5, temperature: 0.9 });
    const messages = [{ role: 'system' as const, content: 'Be brief.' }, ...asked];
    const own = await model().generate(messages, { seed: 7, maxTokens: 12, topK: 5, temperature: 0.9 });
    expect(found.text).toBe(own.text);
    expect([found.finishReason, found.rawFinishReason]).toEqual([own.finish, own.finish]);
    expect(found.usage).toMatchObject({
      inputTokens: own.usage.prompt,
      outputTokens: own.usage.completion,
      totalTokens: own.usage.prompt + own.usage.completion,
    });
    expect(metadata(found)).toMatchObject({ seed: 7, timing: { prefillMs: expect.any(Number) } });
    expect(found.response.modelId).toBe(model().info.name || model().info.architecture);
    const again = await generateText({ model: languageModel(model()), system: 'Be brief.', prompt, seed: 7, maxOutputTokens: 12 });
    expect(again.usage.inputTokenDetails.cacheReadTokens).toBe(own.usage.prompt - 1);
    expect(again.usage.inputTokenDetails.noCacheTokens).toBe(1);
  });

  test('streamText gives the same, part by part', async () => {
    const whole = await generateText({ model: languageModel(model()), prompt, seed: 3, maxOutputTokens: 12 });
    const stream = streamText({ model: languageModel(model()), prompt, seed: 3, maxOutputTokens: 12 });
    const kinds: string[] = [];
    let text = '';
    for await (const part of stream.fullStream) {
      if (kinds.at(-1) !== part.type) kinds.push(part.type);
      if (part.type === 'text-delta') text += part.text;
    }
    expect(text).toBe(whole.text);
    expect(kinds).toEqual(['start', 'start-step', 'text-start', 'text-delta', 'text-end', 'finish-step', 'finish']);
    const { outputTokens, totalTokens } = await stream.usage;
    expect([outputTokens, totalTokens]).toEqual([whole.usage.outputTokens, whole.usage.totalTokens]);
    expect(await stream.finishReason).toBe(whole.finishReason);
    expect(metadata({ providerMetadata: await stream.providerMetadata })).toMatchObject({ seed: 3 });
  });

  test('stop sequences end the text, and are told', async () => {
    const { text } = await generateText({ model: languageModel(model()), prompt, temperature: 0, maxOutputTokens: 20 });
    const word = text.trim().split(/\s+/)[3] as string;
    const found = await generateText({ model: languageModel(model()), prompt, temperature: 0, maxOutputTokens: 20, stopSequences: [word] });
    expect(found.text).toBe(text.slice(0, text.indexOf(word)));
    expect(found.finishReason).toBe('stop');
    expect(metadata(found).stopString).toBe(word);
  });

  test("settings are every call's, and what a call says comes before them", async () => {
    const settings = { temperature: 0, maxTokens: 6, choices: ['yes', 'no'] };
    const chosen = await generateText({ model: languageModel(model(), settings), prompt });
    expect(['yes', 'no']).toContain(chosen.text);
    expect(metadata(chosen).complete).toBe(true);
    const own = languageModel(model(), { maxTokens: 6, temperature: 0 });
    const other = await generateText({ model: own, prompt, maxOutputTokens: 3, providerOptions: { 'llama-ts': { regex: '[a-c]{9,}', logprobs: 1 } } });
    expect(other.text).toMatch(/^[a-c]+$/);
    expect(other.usage.outputTokens).toBe(3);
    expect(metadata(other).logprobs).toHaveLength(3);
    await expect(generateText({ model: own, prompt, providerOptions: { 'llama-ts': { nonsense: 1 } } })).rejects.toMatchObject({ code: 'ARGUMENT' });
  });

  const person = z.object({ name: z.string().max(8), kind: z.enum(['fox', 'owl']), age: z.number().int().min(1).max(20) });

  test('objects are what their schema says, whatever the model would rather write', async () => {
    for (const seed of [1, 2, 3]) {
      const { object, finishReason } = await generateObject({ model: languageModel(model()), schema: person, prompt, seed, temperature: 2 });
      expect(person.parse(object)).toEqual(object);
      expect(finishReason).toBe('stop');
      const { output } = await generateText({ model: languageModel(model()), output: Output.object({ schema: person }), prompt, seed, temperature: 2 });
      expect(person.parse(output)).toEqual(output);
    }
  });

  test('an object comes in parts; one of no schema is any; one of several', async () => {
    const { partialObjectStream, object } = streamObject({ model: languageModel(model()), schema: person, prompt, seed: 1 });
    const parts: unknown[] = [];
    for await (const part of partialObjectStream) parts.push(part);
    expect(parts.length).toBeGreaterThan(2);
    expect(parts.at(-1)).toEqual(await object);
    const any = await generateText({ model: languageModel(model()), output: Output.json(), prompt, seed: 1, maxOutputTokens: 200 });
    expect(metadata(any).complete === false || typeof any.output === 'object').toBe(true);
    const { output } = await generateText({ model: languageModel(model()), output: Output.choice({ options: ['sun', 'rain'] }), prompt });
    expect(['sun', 'rain']).toContain(output);
  });

  test('a schema that cannot be enforced is refused', async () => {
    const schema = jsonSchema({ type: 'string', minLength: 3, maxLength: 2 });
    await expect(generateText({ model: languageModel(model()), output: Output.object({ schema }), prompt })).rejects.toMatchObject({ code: 'SCHEMA' });
  });

  describe('tools', () => {
    const caller = () => languageModel(model(), { template: hermes, temperature: 0 });
    const weather = (runs: unknown[]) =>
      tool({
        description: 'The weather in a city.',
        inputSchema: city,
        execute: (input) => {
          runs.push(input);
          return { temperature: 7 };
        },
      });

    test('one that has to be called is called as its schema says, run, and its result is part of the next step', async () => {
      const runs: unknown[] = [];
      const call = { model: caller(), tools: { weather: weather(runs) }, toolChoice: 'required' as const, prompt, maxOutputTokens: 200 };
      const { steps } = await generateText({ ...call, stopWhen: stepCountIs(2) });
      expect(steps).toHaveLength(2);
      expect(steps[0]?.finishReason).toBe('tool-calls');
      expect(steps[0]?.toolCalls).toHaveLength(1);
      expect(city.parse(steps[0]?.toolCalls[0]?.input)).toEqual(runs[0]);
      expect(steps[0]?.toolResults[0]?.output).toEqual({ temperature: 7 });
      expect(steps[1]?.usage.inputTokens).toBeGreaterThan(steps[0]?.usage.inputTokens as number);
      const ids = steps.flatMap((step) => step.toolCalls.map((each) => each.toolCallId));
      expect(new Set(ids).size).toBe(ids.length);
    });

    test('a call is streamed', async () => {
      const stream = streamText({
        model: caller(),
        tools: { weather: tool({ inputSchema: city }) } as ToolSet,
        toolChoice: 'required',
        prompt,
        maxOutputTokens: 200,
      });
      let written = '';
      const kinds: string[] = [];
      for await (const part of stream.fullStream) {
        if (part.type.startsWith('tool') && kinds.at(-1) !== part.type) kinds.push(part.type);
        if (part.type === 'tool-input-delta') written += part.delta;
      }
      expect(kinds).toEqual(['tool-input-start', 'tool-input-delta', 'tool-input-end', 'tool-call']);
      expect((await stream.toolCalls)[0]?.input).toEqual(JSON.parse(written));
      expect(await stream.finishReason).toBe('tool-calls');
    });

    test('which one is chosen, or none', async () => {
      const tools = { weather: tool({ inputSchema: city }), dance: tool({ inputSchema: z.object({ steps: z.number().int().min(0).max(9) }) }) } as ToolSet;
      for (const toolName of ['weather', 'dance'] as const) {
        const { toolCalls } = await generateText({ model: caller(), tools, toolChoice: { type: 'tool', toolName }, prompt, maxOutputTokens: 200 });
        expect(toolCalls.map((each) => each.toolName)).toEqual([toolName]);
      }
      const none = await generateText({ model: caller(), tools, toolChoice: 'none', prompt, maxOutputTokens: 8 });
      expect([none.toolCalls, none.usage.outputTokens]).toEqual([[], 8]);
    });

    test('a call that is cut off is none', async () => {
      const tools = [{ type: 'function' as const, name: 'say', inputSchema: z.toJSONSchema(z.object({ text: z.string().min(2000) })) }];
      const found = await caller().doGenerate({ prompt: words, tools, toolChoice: { type: 'required' }, maxOutputTokens: 100 });
      expect([found.content, found.finishReason]).toEqual([[], { unified: 'length', raw: 'length' }]);
      expect(found.warnings).toContainEqual({ type: 'other', message: expect.stringContaining('inside a call') });
    });

    test('what is not supported is told', async () => {
      const search = { type: 'provider', id: 'openai.web_search', name: 'web_search', args: {} } as const;
      const examples = { type: 'function', name: 'weather', inputSchema: { type: 'object', properties: {} }, inputExamples: [{ input: {} }] } as const;
      const { warnings } = await caller().doGenerate({ prompt: words, tools: [search, examples], maxOutputTokens: 2 });
      expect(warnings).toEqual([
        { type: 'unsupported', feature: 'the tool openai.web_search', details: expect.any(String) },
        { type: 'unsupported', feature: 'inputExamples of the tool weather', details: expect.any(String) },
      ]);
    });
  });

  test('reasoning is apart from the text, and counted', async () => {
    const thinking = languageModel(model(), { template: thinker, reasoning: { budget: 6 } });
    const found = await generateText({ model: thinking, prompt, seed: 1, maxOutputTokens: 100, output: Output.choice({ options: ['sun', 'rain'] }) });
    expect(found.reasoningText).not.toBe('');
    expect(['sun', 'rain']).toContain(found.output);
    const { reasoningTokens = 0, textTokens = 0 } = found.usage.outputTokenDetails;
    expect(reasoningTokens).toBeGreaterThan(0);
    expect(reasoningTokens + textTokens).toBe(found.usage.outputTokens);
    const stream = streamText({ model: thinking, prompt, seed: 1, maxOutputTokens: 30 });
    const kinds: string[] = [];
    for await (const { type } of stream.fullStream) if (/^(text|reasoning)-/.test(type) && kinds.at(-1) !== type) kinds.push(type);
    expect(kinds.slice(0, 5)).toEqual(['reasoning-start', 'reasoning-delta', 'reasoning-end', 'text-start', 'text-delta']);
  });

  test('version 7 says how much to reason in words of its own', async () => {
    const template = '{% for m in messages %}{{ m.content }}{% endfor %}{{ reasoning_effort }}';
    const tokens = async (reasoning?: string) =>
      (await languageModel(model(), { template }).doGenerate({ prompt: words, reasoning, maxOutputTokens: 1 })).usage.inputTokens.total as number;
    expect(await tokens('provider-default')).toBe(await tokens());
    expect(await tokens('high')).toBeGreaterThan(await tokens());
  });

  describe('an abort', () => {
    const endless = { temperature: 0, ignoreEnd: true } as const;

    test('ends a stream, and the generation with it', async () => {
      const abort = new AbortController();
      const stream = streamText({ model: languageModel(model(), endless), prompt, abortSignal: abort.signal });
      const kinds: string[] = [];
      for await (const { type } of stream.fullStream) {
        kinds.push(type);
        if (type === 'text-delta') abort.abort();
      }
      expect(kinds.at(-1)).toBe('abort');
    });

    test('rejects what is awaited', async () => {
      const signal = AbortSignal.abort();
      await expect(generateText({ model: languageModel(model(), endless), prompt, abortSignal: signal })).rejects.toMatchObject({ name: 'AbortError' });
    });

    test('is also that nobody reads on', async () => {
      const { stream } = await languageModel(model(), { ...endless, maxTokens: 100_000 }).doStream({ prompt: words });
      const reader = stream.getReader();
      await reader.read();
      await reader.cancel();
      expect((await reader.read()).done).toBe(true);
      const { usage } = await model().generate(prompt, { maxTokens: 1 }); // the model is there for others
      expect(usage.completion).toBe(1);
    });
  });

  test('what fails in a stream is an error of it', async () => {
    const errors: unknown[] = [];
    const long = 'a cat and '.repeat(3000);
    const stream = streamText({ model: languageModel(model()), prompt: long, onError: ({ error }) => void errors.push(error) });
    for await (const _ of stream.fullStream);
    expect(errors).toMatchObject([{ code: 'CONTEXT' }]);
  });

  test('embedMany gives what embed gives, in one call', async () => {
    const values = ['a cat', 'a dog and a fox', 'b'];
    const reader = embeddingModel(model());
    const calls = jest.spyOn(reader, 'doEmbed');
    const { embeddings, usage } = await embedMany({ model: reader, values });
    expect(calls).toHaveBeenCalledTimes(1);
    expect(embeddings).toEqual((await model().embed(values)).map((vector) => Array.from(vector)));
    expect(usage.tokens).toBe(values.reduce((sum, text) => sum + model().tokenize(text).length, 0));
    const { embedding } = await embed({
      model: embeddingModel(model(), { dimensions: 4 }),
      value: 'a cat',
      providerOptions: { 'llama-ts': { normalize: false } },
    });
    expect(embedding).toEqual(Array.from(await model().embed('a cat', { dimensions: 4, normalize: false })));
    const long = 'a cat and '.repeat(3000);
    await expect(embed({ model: reader, value: long })).rejects.toMatchObject({ code: 'CONTEXT' });
    const { warnings } = await embed({ model: embeddingModel(model(), { tooLong: 'truncate' }), value: long });
    expect(warnings).toEqual([{ type: 'other', message: expect.stringMatching(/^of text 0 the first \d+ of \d+ tokens were read$/) }]);
  });

  test('a model without a head for scores ranks nothing', async () => {
    await expect(rerank({ model: rerankingModel(model()), query: 'x', documents: ['y'] })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  });
});

sharedTest('rerank gives the order that rank gives', 'golden2/embed/bert-rerank/model.safetensors', async () => {
  await using model = await loadModel(sharedPath('golden2/embed/bert-rerank/.'));
  const documents = ['the fox', 'a quick brown fox', 'no'];
  const own = await model.rank('fox', documents);
  const found = await rerank({ model: rerankingModel(model), query: 'fox', documents });
  expect(found.ranking.map(({ originalIndex, score }) => ({ index: originalIndex, score }))).toEqual(own.map(({ index, score }) => ({ index, score })));
  expect(found.rerankedDocuments).toEqual(own.map(({ index }) => documents[index]));
  const objects = documents.map((text) => ({ text }));
  const first = await rerank({ model: rerankingModel(model), query: 'fox', documents: objects, topN: 1 });
  const best = (
    await model.rank(
      'fox',
      objects.map((each) => JSON.stringify(each)),
    )
  )[0];
  expect(first.ranking).toMatchObject([{ originalIndex: best?.index, score: best?.score }]);
});

describe('a provider', () => {
  test('loads each model once, when it is first used, and again where that failed', async () => {
    let loads = 0;
    let broken = true;
    let model: Model | undefined;
    const story = async (): Promise<Model> => {
      loads++;
      if (broken) throw new Error('not yet');
      return (model = await loadModel(storyModel));
    };
    const llama = createLlama({ story });
    const registry = createProviderRegistry({ llama });
    expect(loads).toBe(0);
    await expect(generateText({ model: llama('story'), prompt, maxRetries: 0 })).rejects.toThrow('not yet');
    broken = false;
    const call = { prompt, seed: 1, maxOutputTokens: 4 };
    const all = await Promise.all([generateText({ model: llama('story'), ...call }), generateText({ model: registry.languageModel('llama:story'), ...call })]);
    expect(all[0].text).toBe(all[1].text);
    expect((await embed({ model: llama.embeddingModel('story'), value: 'x' })).embedding).toHaveLength(model?.info.vectorColumns as number);
    expect(loads).toBe(2);
    await model?.dispose();
  });

  test('knows its models by name', () => {
    const llama = createLlama({ small: () => Promise.reject(new Error()), large: () => Promise.reject(new Error()) });
    expect(() => llama('medium')).toThrow('model: expected one of small, large, found "medium"');
    expect(() => llama.imageModel('small')).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
    expect(llama.rerankingModel('small').modelId).toBe('small');
  });
});

describe('messages', () => {
  const result = (output: { type: string; value?: unknown; reason?: string }) => ({
    type: 'tool-result' as const,
    toolCallId: 'c1',
    toolName: 'weather',
    output,
  });
  const told = (output: { type: string; value?: unknown; reason?: string }): unknown =>
    messagesOf([{ role: 'tool', content: [result(output)] }], [])[0]?.content;

  test('become ours', () => {
    const warnings: AnyWarning[] = [];
    const messages = messagesOf(
      [
        { role: 'system', content: 'Be brief.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Is it ' },
            { type: 'text', text: 'warm?' },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'reasoning', text: 'Look it up.' },
            { type: 'text', text: 'One moment.' },
            { type: 'tool-call', toolCallId: 'c1', toolName: 'weather', input: { city: 'Bern' } },
          ],
        },
        { role: 'tool', content: [result({ type: 'json', value: { temperature: 7 } }), { type: 'tool-approval-response' }] },
      ],
      warnings,
    );
    expect(messages).toEqual([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Is it ' },
          { type: 'text', text: 'warm?' },
        ],
      },
      {
        role: 'assistant',
        content: 'One moment.',
        reasoning_content: 'Look it up.',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: { city: 'Bern' } } }],
      },
      { role: 'tool', name: 'weather', tool_call_id: 'c1', content: '{"temperature":7}' },
    ]);
    expect(warnings).toEqual([]);
  });

  test('results in all their forms', () => {
    expect(told({ type: 'text', value: 'sun' })).toBe('sun');
    expect(told({ type: 'error-text', value: 'no line' })).toBe('no line');
    expect(told({ type: 'error-json', value: { code: 5 } })).toBe('{"code":5}');
    expect(told({ type: 'execution-denied', reason: 'not now' })).toBe('The call was denied: not now.');
    expect(
      told({
        type: 'content',
        value: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      }),
    ).toBe('a\nb');
    const warnings: AnyWarning[] = [];
    messagesOf([{ role: 'tool', content: [result({ type: 'content', value: [{ type: 'image-data', data: 'AAAA' }] })] }], warnings);
    expect(warnings).toMatchObject([{ type: 'unsupported', feature: 'image-data in a result of weather' }]);
  });

  test('files of text are read, as both versions write them; others are refused', () => {
    const read = (mediaType: string, data: unknown): unknown => {
      const [message] = messagesOf([{ role: 'user', content: [{ type: 'file', mediaType, data }] }], []) as unknown as [
        { content: readonly { text: string }[] },
      ];
      return message.content[0]?.text;
    };
    const bytes = new TextEncoder().encode('Grüße');
    expect(read('text/plain', bytes)).toBe('Grüße');
    expect(read('text/markdown', Buffer.from(bytes).toString('base64'))).toBe('Grüße');
    expect(read('text', { type: 'data', data: bytes })).toBe('Grüße');
    expect(read('text/plain', { type: 'text', text: 'Grüße' })).toBe('Grüße');
    expect(() => read('image/png', bytes)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('image/png') }));
    expect(() => read('text/plain', new URL('https://example.org/a.txt'))).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
  });
});

test('the newest AI SDK takes them, too', () => {
  const folder = mkdtempSync(join(tmpdir(), 'llama-ts-ai-'));
  try {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules', 'llama-ts'), 'junction');
    for (const [name, path] of [
      ['ai', 'ai-newest'],
      ['zod', 'zod'],
    ] as const)
      symlinkSync(join(root, 'node_modules', path), join(folder, 'node_modules', name), 'junction');
    writeFileSync(
      join(folder, 'newest.mjs'),
      `import { embedMany, generateText, Output, streamText, tool } from 'ai';
       import { embeddedModel, loadModel } from 'llama-ts';
       import { embeddingModel, languageModel } from 'llama-ts/ai-sdk';
       import { z } from 'zod';
       const model = await loadModel(embeddedModel);
       const llama = languageModel(model, { temperature: 0, template: ${JSON.stringify(hermes)} });
       const prompt = 'Tell me of a cat.';
       const { text } = await generateText({ model: llama, prompt, maxOutputTokens: 12 });
       const stream = streamText({ model: llama, prompt, maxOutputTokens: 12 });
       let streamed = '';
       for await (const part of stream.textStream) streamed += part;
       const { output } = await generateText({ model: llama, prompt, output: Output.object({ schema: z.object({ kind: z.enum(['fox', 'owl']) }) }) });
       const tools = { weather: tool({ inputSchema: z.object({ city: z.enum(['Bern', 'Oslo']) }), execute: ({ city }) => city }) };
       const called = await generateText({ model: llama, prompt, tools, toolChoice: 'required', maxOutputTokens: 200 });
       const { embeddings } = await embedMany({ model: embeddingModel(model), values: ['a', 'b'] });
       console.log(JSON.stringify({ text, streamed, kind: output.kind, city: called.toolResults[0].output, wide: embeddings.map((e) => e.length === model.info.vectorColumns) }));
       await model.dispose();`,
    );
    const told = JSON.parse(execFileSync(process.execPath, [join(folder, 'newest.mjs')], { cwd: folder, encoding: 'utf8' })) as Record<string, unknown>;
    expect(told).toEqual({
      text: expect.stringMatching(/./),
      streamed: told.text,
      kind: expect.stringMatching(/^(fox|owl)$/),
      city: expect.stringMatching(/^(Bern|Oslo)$/),
      wide: [true, true],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});

// What the types promise; checked by tsc.
export function typed(model: Model): [LanguageModel, EmbeddingModel, RerankingModel] {
  return [languageModel(model), embeddingModel(model), rerankingModel(model)];
}
