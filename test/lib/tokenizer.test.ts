import { join } from 'node:path';
import { isUint32Array } from 'node:util/types';

import { embeddedModel, loadModel, loadTokenizer } from 'llama-ts';

import { infillPart } from '../../lib/infill';
import { type Meta, writeGguf } from '../fixtures/gguf-writer';
import { temporaryFolder } from '../fixtures/safetensors';
import { bpeVocabulary } from '../fixtures/vocabularies';
import { storyModel } from './model';

const model = storyModel();

describe('tokenize', () => {
  test('gives ids, and detokenize the text', () => {
    const text = 'Once upon a time, a brave fox saw 3 ünïcödé 🦊.';
    const ids = model().tokenize(text);
    expect(isUint32Array(ids)).toBe(true);
    expect(model().detokenize(ids)).toBe(text);
    expect(model().detokenize([...ids])).toBe(text);
  });

  test('recognises control tokens only where asked', () => {
    expect([...model().tokenize('<|end|>', { special: true })]).toEqual([1]);
    expect(model().tokenize('<|end|>').length).toBeGreaterThan(1);
    expect(model().detokenize([1])).toBe('');
    expect(model().detokenize([1], { special: true })).toBe('<|end|>');
  });

  test('says what it wants', () => {
    expect(() => model().tokenize(5 as unknown as string)).toThrow('text: expected a string, found 5');
    expect(() => model().detokenize([1.5])).toThrow('ids[0]: expected an integer');
    expect(() => model().detokenize([5000])).toThrow(expect.objectContaining({ code: 'ARGUMENT' }) as Error);
  });
});

describe('the pre-tokenizer', () => {
  test('is the one that the caller names', async () => {
    using own = await loadTokenizer(embeddedModel);
    using named = await loadTokenizer(embeddedModel, { preTokenizer: 'default' });
    const text = 'They said: "Once upon a time"';
    expect(named.decode(named.encode(text))).toBe(text);
    expect([...named.encode(text)]).not.toEqual([...own.encode(text)]);
  });

  test('is refused by name, with those that there are', async () => {
    await expect(loadTokenizer(embeddedModel, { preTokenizer: 'no-such' })).rejects.toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringContaining('llama-bpe') as string,
    });
    await expect(loadModel(embeddedModel, { preTokenizer: 'no-such' })).rejects.toMatchObject({ code: 'ARGUMENT' });
  });
});

describe('infill', () => {
  test('needs the tokens for it', async () => {
    await expect(model().infill('def f():\n', '\n')).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    expect(() => model().infill('a', 'b', { maxTokens: 'x' as unknown as number })).toThrow('maxTokens');
  });

  test('puts the texts between the marks, and control tokens in them are text', () => {
    const controls = ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>'];
    const vocabulary = {
      size: 9,
      begin: -1,
      end: -1,
      beginText: '',
      endText: '',
      addsBegin: false,
      addsEnd: false,
      controls,
      fill: ['', '', ''] as [string, string, string],
    };
    expect(infillPart('a<|fim_middle|>', 'b', vocabulary).segments).toEqual([
      { text: '<|fim_prefix|>', control: true },
      { text: 'a<|fim_middle|>', control: false },
      { text: '<|fim_suffix|>', control: true },
      { text: 'b', control: false },
      { text: '<|fim_middle|>', control: true },
    ]);
    expect(infillPart('a', 'b', { ...vocabulary, fill: ['<P>', '<S>', '<M>'] }).segments.map((s) => s.text)).toEqual(['<P>', 'a', '<S>', 'b', '<M>']);
    expect(infillPart('a', '', { ...vocabulary, controls: ['[PREFIX]', '[SUFFIX]'] }).segments).toEqual([
      { text: '[SUFFIX]', control: true },
      { text: '[PREFIX]', control: true },
      { text: 'a', control: false },
    ]);
  });
});

// It would take minutes if it were quadratic.
test('many control tokens, and what only looks like them, take linear time', async () => {
  using tokenizer = await loadTokenizer(embeddedModel);
  expect(tokenizer.encode('<|end|>'.repeat(2_000_000), { special: true })).toHaveLength(2_000_000);
  expect(tokenizer.decode(tokenizer.encode('<|en'.repeat(2_000_000), { special: true }))).toBe('<|en'.repeat(2_000_000));
});

// Tokens of fill-in-the-middle prompts that a file names by id, whatever they are called and of whatever type they are.
describe('marks of infilling by id', () => {
  const file = (keys: string[]): string => {
    const made = join(folder.path, 'fill.gguf');
    const base = bpeVocabulary(400, 'gpt-2');
    const names = ['<P>', '<S>', '<M>', '<FILL>'];
    const tokens = [...(base['tokenizer.ggml.tokens']![1] as string[]), ...names];
    const kinds = [...(base['tokenizer.ggml.token_type']![1] as number[]), ...names.map(() => 4)]; // user-defined
    const first = tokens.length - names.length;
    const ids = Object.fromEntries(keys.map((key, i): [string, Meta] => [`tokenizer.ggml.${key}_token_id`, ['u32', first + i]]));
    writeGguf(made, { ...base, 'tokenizer.ggml.tokens': ['string[]', tokens], 'tokenizer.ggml.token_type': ['i32[]', kinds], ...ids }, []);
    return made;
  };
  const folder = temporaryFolder();
  afterAll(() => folder[Symbol.dispose]());

  test.each([[['fim_pre', 'fim_suf', 'fim_mid', 'fim_pad']], [['prefix', 'suffix', 'middle', 'fim_sep']]])('%s', async (keys) => {
    using named = await loadTokenizer(file(keys));
    using unnamed = await loadTokenizer(file([]));
    for (const mark of ['<P>', '<S>', '<M>', '<FILL>']) {
      expect(unnamed.encode(`a${mark}`)).toHaveLength(2);
      expect(named.encode(`a${mark}`).length).toBeGreaterThan(2);
      expect(named.encode(`a${mark}`, { special: true })).toHaveLength(2);
    }
  });

  test('an id that is none is refused', async () => {
    const made = join(folder.path, 'none.gguf');
    writeGguf(made, { ...bpeVocabulary(400, 'gpt-2'), 'tokenizer.ggml.fim_mid_token_id': ['u32', 5000] }, []);
    await expect(loadTokenizer(made)).rejects.toMatchObject({ code: 'FORMAT', message: expect.stringContaining('fim_mid_token_id') as string });
  });
});

describe('on a thread of their own', () => {
  const text = 'Once upon a time, a brave fox saw 3 ünïcödé 🦊. <|end|>';

  test('tokenizeAsync and detokenizeAsync give the same', async () => {
    for (const special of [false, true]) {
      const ids = await model().tokenizeAsync(text, { special });
      expect(isUint32Array(ids)).toBe(true);
      expect([...ids]).toEqual([...model().tokenize(text, { special })]);
      expect(await model().detokenizeAsync(ids, { special })).toBe(model().detokenize(ids, { special }));
    }
    expect(await model().tokenizeAsync('')).toHaveLength(0);
    const many = Array.from({ length: 300 }, (_, i) => text.slice(0, i % 50) + '</s>'.repeat(i % 3));
    for (const special of [false, true]) expect(await model().tokenizeAsync(many, { special })).toEqual(many.map((one) => model().tokenize(one, { special })));
    expect(await model().tokenizeAsync([])).toEqual([]);
    await expect(model().tokenizeAsync(['x', 5 as never])).rejects.toMatchObject({ code: 'ARGUMENT' });
    expect(await model().detokenizeAsync([])).toBe('');
  });

  // What runs on this thread while megabytes are encoded: turns of the event loop, none of which is held up for the whole of it.
  test('the event loop turns while megabytes are encoded', async () => {
    const long = text.repeat(60_000);
    let turns = 0;
    let running = true;
    const count = (): void => {
      turns++;
      if (running) setImmediate(count);
    };
    const work = model().tokenizeAsync(long);
    setImmediate(count);
    const ids = await work;
    expect(turns).toBeGreaterThan(10);
    turns = 0;
    expect(await model().detokenizeAsync(ids)).toBe(long);
    expect(turns).toBeGreaterThan(2);
    turns = 0;
    const prompt = model().generate(long, { maxTokens: 1 });
    await expect(prompt).rejects.toMatchObject({ code: 'CONTEXT' });
    expect(turns).toBeGreaterThan(10);
    running = false;
  });

  test('a signal rejects at once', async () => {
    const reason = new Error('enough');
    await expect(model().tokenizeAsync(text, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const ends = Promise.allSettled([
      model().tokenizeAsync(text.repeat(5000), { signal: controller.signal }),
      model().detokenizeAsync([5], { signal: controller.signal }),
    ]);
    controller.abort(reason);
    expect(await ends).toEqual([expect.objectContaining({ reason }), expect.objectContaining({ reason })]);
  });

  test('errors reject', async () => {
    await expect(model().tokenizeAsync(5 as unknown as string)).rejects.toThrow('text: expected a string, found 5');
    await expect(model().tokenizeAsync('x', { specials: true } as never)).rejects.toThrow('unknown option');
    await expect(model().detokenizeAsync([5000])).rejects.toMatchObject({ code: 'ARGUMENT', stack: expect.stringContaining('tokenizer.test.ts') as string });
  });

  test('disposing rejects them', async () => {
    const own = await loadModel(embeddedModel, { threads: 1, contextTokens: 64 });
    const waiting = own.tokenizeAsync(text.repeat(5000));
    const ends = Promise.allSettled([waiting, own.dispose()]);
    expect((await ends)[0]).toMatchObject({ reason: { code: 'DISPOSED' } });
    await expect(own.tokenizeAsync('x')).rejects.toMatchObject({ code: 'DISPOSED' });
    const tokenizer = await loadTokenizer(embeddedModel);
    expect(await tokenizer.decodeAsync(await tokenizer.encodeAsync(text))).toBe(text);
    const late = Promise.allSettled([tokenizer.encodeAsync(text.repeat(5000))]);
    tokenizer.dispose();
    expect((await late)[0]).toMatchObject({ reason: { code: 'DISPOSED' } });
    await expect(tokenizer.decodeAsync([5])).rejects.toMatchObject({ code: 'DISPOSED' });
  });
});

describe('loadTokenizer', () => {
  test('is the tokenizer of the model', async () => {
    const tokenizer = await loadTokenizer(embeddedModel);
    expect(tokenizer.size).toBe(1024);
    for (const text of ['', ' ', 'Tell me a story.', '<|user|>\nHi']) {
      expect(tokenizer.encode(text)).toEqual(model().tokenize(text));
      expect(tokenizer.decode(tokenizer.encode(text, { special: true }), { special: true })).toBe(text);
    }
    tokenizer.dispose();
    expect(() => tokenizer.encode('x')).toThrow(expect.objectContaining({ code: 'DISPOSED' }) as Error);
  });
});
