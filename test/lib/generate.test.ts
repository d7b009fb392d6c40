import { getEventListeners } from 'node:events';
import { isFloat32Array } from 'node:util/types';

import { embeddedModel, LlamaError, loadModel, type Chunk, type GenerateOptions, type Prompt } from 'llama-ts';

import { longPrompt, storyModel } from './model';

const model = storyModel();
const greedy: GenerateOptions = { temperature: 0, maxTokens: 24 };

describe('generate', () => {
  test('can be awaited', async () => {
    const result = await model().generate('Once upon a time', greedy);
    expect(result.text.length).toBeGreaterThan(20);
    expect(result.value).toBe(result.text);
    expect(result.ids).toHaveLength(24);
    expect(result.finish).toBe('length');
    expect(result.cutCharacter).toBe(false);
    expect(result.usage).toMatchObject({ prompt: 5, completion: 24 });
    expect(result.timing.tokensPerSecond).toBeGreaterThan(0);
    expect(model().detokenize(result.ids)).toBe(result.text);
  });

  test('can be iterated', async () => {
    const chunks: Chunk[] = [];
    for await (const chunk of model().generate('Once upon a time', greedy)) chunks.push(chunk);
    expect(chunks.length).toBeGreaterThan(1);
    expect(chunks.map((c) => c.text).join('')).toBe((await model().generate('Once upon a time', greedy)).text);
  });

  test('tells how much of a long prompt was read, what was cached included', async () => {
    await using own = await loadModel(embeddedModel, { contextTokens: 512, batchTokens: 32, threads: 1 });
    const ids = own.tokenize('a b c d e f g h '.repeat(20)).slice(0, 160);
    const told: number[] = [];
    await own.generate(ids, { maxTokens: 2, temperature: 0, onPromptProgress: (fraction) => told.push(fraction) });
    expect(told).toEqual([0.2, 0.4, 0.6, 0.8, 1]);
    told.length = 0;
    await own.generate(ids, { maxTokens: 2, temperature: 0, onPromptProgress: (fraction) => told.push(fraction) });
    expect(told).toEqual([1]);
    const thrown = own.generate(ids.slice(1), {
      maxTokens: 2,
      onPromptProgress: () => {
        throw new Error('mine');
      },
    });
    await expect(thrown).rejects.toThrow('mine');
  });

  test('can be both, and by several', async () => {
    const generation = model().generate('Once upon a time', greedy);
    const read = async (): Promise<string> => {
      let text = '';
      for await (const chunk of generation) text += chunk.text;
      return text;
    };
    const [one, two, result] = await Promise.all([read(), read(), generation]);
    expect([one, two]).toEqual([result.text, result.text]);
    expect(await read()).toBe(result.text);
  });

  test('the result is plain data: JSON and structuredClone keep it', async () => {
    const generation = model().generate('Once upon a time', { ...greedy, maxTokens: 5, logprobs: 1 });
    const chunks: Chunk[] = [];
    for await (const chunk of generation) chunks.push(chunk);
    const result = await generation;
    expect(Array.isArray(result.ids)).toBe(true);
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    expect(structuredClone(result)).toEqual(result);
    expect(JSON.parse(JSON.stringify(chunks))).toEqual(chunks);
    expect(chunks.flatMap((c) => c.ids)).toEqual(result.ids);
    expect(chunks.flatMap((c) => c.logprobs ?? [])).toEqual(result.logprobs);
  });

  test('finish tells maxTokens from the end of the context', async () => {
    const longest = Math.min(model().info.contextTokens, model().info.trainedContext);
    const prompt = longPrompt(model(), longest - 5);
    expect(await model().generate(prompt, { ...greedy, ignoreEnd: true, maxTokens: 5 })).toMatchObject({ finish: 'length', usage: { completion: 5 } });
    expect(await model().generate(prompt, { ...greedy, ignoreEnd: true, maxTokens: 6 })).toMatchObject({ finish: 'context', usage: { completion: 5 } });
    expect(await model().generate(prompt, { ...greedy, ignoreEnd: true })).toMatchObject({ finish: 'context', usage: { completion: 5 } });
  });

  test('takes token ids as they are', async () => {
    const ids = [0, ...model().tokenize('Once upon a time')];
    const { text } = await model().generate(ids, greedy);
    expect(text).toBe((await model().generate('Once upon a time', greedy)).text);
    expect((await model().generate(Uint32Array.from(ids), greedy)).text).toBe(text);
  });

  test('takes a conversation', async () => {
    const { text, usage } = await model().generate([{ role: 'user', content: 'Tell me a story about a cat named Mia.' }], greedy);
    expect(text).toContain('Mia');
    expect(usage.prompt).toBeGreaterThan(10);
  });

  test('the same seed gives the same text; it is told', async () => {
    const options = { maxTokens: 24, temperature: 1.2 };
    const first = await model().generate('Once upon a time', options);
    const again = await model().generate('Once upon a time', { ...options, seed: first.seed });
    expect(again.text).toBe(first.text);
    const others = await Promise.all([1, 2, 3].map((seed) => model().generate('Once upon a time', { ...options, seed })));
    expect(new Set(others.map((o) => o.text)).size).toBeGreaterThan(1);
  });

  test('is the same alone and beside others', async () => {
    const prompts = ['Once upon a time', 'The fox', 'A big red ball', 'One day, a bear named Tom'];
    const options = (i: number): GenerateOptions => ({ seed: i, maxTokens: 8 + 5 * i, temperature: 0.9 });
    const together = await Promise.all(prompts.map((p, i) => model().generate(p, options(i))));
    for (const [i, p] of prompts.entries()) expect(await model().generate(p, options(i))).toMatchObject({ text: together[i]?.text });
  });

  test('stops at a stop string, which is not part of the text', async () => {
    const { text } = await model().generate('Once upon a time', { ...greedy, maxTokens: 60 });
    const stop = text.slice(12, 18);
    const result = await model().generate('Once upon a time', { ...greedy, maxTokens: 60, stop: [stop] });
    expect(result).toMatchObject({ text: text.slice(0, text.indexOf(stop)), finish: 'stop', stopString: stop });
  });

  test('reports log-probabilities', async () => {
    const { logprobs, ids } = await model().generate('Once upon a time', { ...greedy, maxTokens: 4, logprobs: 3 });
    expect(logprobs).toHaveLength(4);
    for (const [i, l] of (logprobs ?? []).entries()) {
      expect(l.id).toBe(ids[i]);
      expect(l.top).toHaveLength(3);
      expect(l.top[0]).toEqual({ id: l.id, text: l.text, logprob: l.logprob });
      expect(l.logprob).toBeLessThanOrEqual(0);
    }
    expect((await model().generate('Once', { ...greedy, maxTokens: 2 })).logprobs).toBeUndefined();
  });

  test('a bias bans a token', async () => {
    const first = await model().generate('Once upon a time', { ...greedy, maxTokens: 1 });
    const banned = first.ids[0] ?? 0;
    const other = await model().generate('Once upon a time', { ...greedy, maxTokens: 1, logitBias: { [banned]: -Infinity } });
    expect(other.ids[0]).not.toBe(banned);
  });

  test('the begin of equal prompts is computed once', async () => {
    const prompt = longPrompt(model(), 300);
    await model().generate(prompt, { ...greedy, maxTokens: 1 });
    const { usage } = await model().generate(prompt, { ...greedy, maxTokens: 1 });
    expect(usage.cached).toBeGreaterThanOrEqual(192);
  });
});

describe('characters of several tokens', () => {
  test('the text ends before one that maxTokens cuts, and says so; no chunk is empty', async () => {
    const parts = model().tokenize('\u{1F600}');
    expect(parts.length).toBeGreaterThan(1);
    const first = parts[0] ?? 0; // the beginning of the character: alone it is none
    const generation = model().generate('Once', { temperature: 0, logitBias: { [first]: 1e9 }, maxTokens: 3 });
    const texts: string[] = [];
    for await (const { text } of generation) texts.push(text);
    const { ids, text, finish, cutCharacter } = await generation;
    expect(texts).not.toContain('');
    // Two beginnings are followed by what does not go on with them: bytes that are no character, each U+FFFD. The third was cut.
    expect({ ids, text, finish, cutCharacter }).toEqual({ ids: [first, first, first], text: '\ufffd\ufffd', finish: 'length', cutCharacter: true });
    expect(texts.join('')).toBe(text);
    expect(model().detokenize(ids)).toBe('\ufffd\ufffd\ufffd');
  });

  test('a model that ends its text inside one has written bytes that are none', async () => {
    const first = model().tokenize('\u{1F600}')[0] ?? 0;
    const end = model().tokenize('<|end|>', { special: true })[0] ?? 0;
    // Both are far above all others; the penalty takes the first one's place away once it was seen.
    const options = { temperature: 0, logitBias: { [first]: 1e4 + 50, [end]: 1e4 }, presencePenalty: 100, maxTokens: 5 };
    const result = await model().generate('Once', options);
    expect(result).toMatchObject({ ids: [first], text: '\ufffd', finish: 'stop', cutCharacter: false });
  });
});

describe('aborting', () => {
  test('a signal rejects with its reason', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const generation = model().generate('Once upon a time', { maxTokens: 500, ignoreEnd: true, signal: controller.signal });
    await generation[Symbol.asyncIterator]().next();
    controller.abort(reason);
    await expect(generation).rejects.toBe(reason);
  });

  test('a signal that was aborted before rejects at once', async () => {
    const reason = new Error('too late');
    await expect(model().generate('x', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('works while the prompt is read', async () => {
    const seen: Chunk[] = [];
    const generation = model().generate(longPrompt(model(), 900), { maxTokens: 1 });
    const iterated = (async () => {
      for await (const chunk of generation) seen.push(chunk);
    })().catch(() => undefined);
    // Some work of the engine's thread, and nothing that it says is heard before the abort: this thread does not let go.
    for (const before = process.cpuUsage(); process.cpuUsage(before).user < 5000; );
    generation.abort();
    await expect(generation).rejects.toMatchObject({ name: 'AbortError' });
    await iterated;
    expect(seen).toEqual([]);
    await expect(model().generate('Once', greedy)).resolves.toMatchObject({ finish: 'length' });
  });

  test('leaving a loop early does it, without an unhandled rejection', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const generation = model().generate('Once upon a time', { maxTokens: 500, ignoreEnd: true });
    for await (const chunk of generation) if (chunk.ids.length > 0) break;
    await new Promise(setImmediate); // Node tells of a rejection that nobody handles before this
    await expect(generation).rejects.toMatchObject({ name: 'AbortError' });
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe('errors', () => {
  /** What `generate` throws at once, or else what its generation rejects with. */
  const failure = async (prompt: unknown, options?: unknown): Promise<{ error: unknown; thrown: boolean }> => {
    let generation: Promise<unknown>;
    try {
      generation = model().generate(prompt as Prompt, options as GenerateOptions);
    } catch (error) {
      return { error, thrown: true };
    }
    return generation.then(
      () => ({ error: new Error('did not reject'), thrown: false }),
      (error: unknown) => ({ error, thrown: false }),
    );
  };
  const fails = async (prompt: unknown, options?: unknown): Promise<LlamaError> => {
    const { error } = await failure(prompt, options);
    expect(error).toBeInstanceOf(LlamaError);
    return error as LlamaError;
  };

  test.each<[string, unknown, unknown, RegExp]>([
    ['no prompt', undefined, {}, /prompt: expected a string, an array of messages or token ids, found undefined/],
    ['no messages', [], {}, /prompt: expected at least one message/],
    [
      'a role that is not',
      [{ role: 'robot', content: 'x' }],
      {},
      /^prompt\[0\]\.role: expected one of 'system', 'developer', 'user', 'assistant', 'tool', found "robot"/,
    ],
    [
      'a content that is not',
      [
        { role: 'user', content: 'x' },
        { role: 'user', content: 5 },
      ],
      {},
      /^prompt\[1\]\.content: expected a string, found 5/,
    ],
    ['a message without content', [{ role: 'user' }], {}, /prompt\[0\]: expected a message/],
    ['a word for a number', 'x', { temperature: 'hot' }, /temperature: expected a number from 0 to .*, found "hot"/],
    ['NaN', 'x', { topP: NaN }, /topP: .* found NaN/],
    ['an unknown option', 'x', { maxtokens: 5 }, /unknown option "maxtokens": it is spelled maxTokens/],
    ['an unknown sampler', 'x', { samplers: ['magic'] }, /samplers\[0\]: expected one of/],
    ['a parameter of a sampler that does not run', 'x', { topK: 5, samplers: ['temperature'] }, /topK: has no effect/],
    ['an empty stop string', 'x', { stop: [''] }, /stop\[0\]/],
    ['one stop string bare', 'x', { stop: 'end' }, /stop: expected an array, found "end"/],
    ['no tokens', 'x', { maxTokens: 0 }, /maxTokens: expected an integer of at least 1/],
    ['a bias of a word', 'x', { logitBias: { cat: 1 } }, /logitBias: a token id/],
    ['a token id that is not', [5000], {}, /5000/],
    ['an empty list of ids', new Uint32Array(0), {}, /./],
  ])('%s', async (_, prompt, options, message) => {
    const error = await fails(prompt, options);
    expect(error.code).toBe('ARGUMENT');
    expect(error.message).toMatch(message);
  });

  test.each<[string, unknown, unknown]>([
    ['no prompt', undefined, {}],
    ['a prompt that is a number', 5, {}],
    ['an option out of range', 'x', { temperature: -1 }],
    ['an unknown option', 'x', { maxtokens: 5 }],
    ['a sampler that is not', 'x', { samplers: ['magic'] }],
    ['a schema that is none', 'x', { schema: 5 }],
  ])('%s is thrown at once', async (_, prompt, options) => {
    expect(await failure(prompt, options)).toMatchObject({ thrown: true, error: { name: 'LlamaError' } });
  });

  test.each<[string, unknown]>([
    ['a role that is not', [{ role: 'robot', content: 'x' }]],
    ['no messages', []],
    ['a token id that is not', [5000]],
    ['a token id that is no number', [1, 'x']],
  ])('what is wrong inside a prompt rejects: %s', async (_, prompt) => {
    expect(await failure(prompt)).toMatchObject({ thrown: false, error: { code: 'ARGUMENT' } });
  });

  test('one that failed may be awaited and iterated later', async () => {
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const generation = model().generate([{ role: 'robot', content: 'x' } as never]);
    await new Promise((resolve) => setTimeout(resolve, 10));
    const iterate = async (): Promise<void> => {
      for await (const chunk of generation) expect(chunk).toBeUndefined();
    };
    await expect(iterate()).rejects.toMatchObject({ code: 'ARGUMENT' });
    await expect(generation).rejects.toMatchObject({ code: 'ARGUMENT' });
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  test('a prompt that does not fit is refused', async () => {
    expect((await fails(longPrompt(model(), model().info.contextTokens + 1))).code).toBe('CONTEXT');
  });

  test('an option whose getter throws', async () => {
    const thrown = new Error('mine');
    const error = await fails('x', {
      get seed(): number {
        throw thrown;
      },
    });
    expect(error).toMatchObject({ code: 'ARGUMENT', cause: thrown });
  });

  test('the iterator throws it too', async () => {
    const iterate = async (): Promise<void> => {
      for await (const chunk of model().generate([5000])) expect(chunk).toBeUndefined();
    };
    await expect(iterate()).rejects.toMatchObject({ code: 'ARGUMENT' });
  });

  test('the stack shows the caller', async () => {
    const error = await fails(longPrompt(model(), model().info.contextTokens + 1));
    expect(error.stack).toContain('generate.test.ts');
  });
});

describe('one signal for many', () => {
  test('has one listener, and none at the end; no warning', async () => {
    const warned = jest.fn();
    process.on('warning', warned);
    const controller = new AbortController();
    const listeners = (): number => getEventListeners(controller.signal, 'abort').length;
    const some = Array.from({ length: 40 }, (_, i) => model().generate(`x${i}`, { maxTokens: 2, signal: controller.signal }));
    expect(listeners()).toBe(1);
    await Promise.all(some);
    expect(listeners()).toBe(0);
    const long = Array.from({ length: 40 }, () => model().generate('Once', { maxTokens: 400, ignoreEnd: true, signal: controller.signal }));
    const tokenizing = model().tokenizeAsync('x', { signal: controller.signal });
    expect(listeners()).toBe(1);
    await tokenizing;
    const ends = Promise.allSettled(long);
    controller.abort(new Error('closing'));
    expect(new Set((await ends).map((e) => (e.status === 'rejected' ? String(e.reason) : e.status)))).toEqual(new Set(['Error: closing']));
    expect(listeners()).toBe(0);
    await new Promise((resolve) => setImmediate(resolve)); // warnings come a turn later
    process.off('warning', warned);
    expect(warned).not.toHaveBeenCalled();
  });
});

describe('logits', () => {
  test('one row a token', async () => {
    const ids = model().tokenize('Once upon a time');
    const values = await model().logits(ids);
    expect(isFloat32Array(values)).toBe(true);
    expect(values).toHaveLength(ids.length * model().info.vocabulary);
    const again = await model().logits([...ids]);
    expect(Buffer.from(again.buffer).equals(Buffer.from(values.buffer))).toBe(true);
    const row = values.subarray(-model().info.vocabulary);
    const best = row.indexOf(Math.max(...row));
    expect((await model().generate(ids, { ...greedy, maxTokens: 1 })).ids[0]).toBe(best);
  });

  test('says what it wants', async () => {
    await expect(model().logits([])).rejects.toMatchObject({ code: 'ARGUMENT' });
    await expect(model().logits('text' as unknown as number[])).rejects.toMatchObject({ code: 'ARGUMENT' });
    await expect(model().logits([5], { signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
  });
});
