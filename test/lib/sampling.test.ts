// What a generation can be told about its tokens beyond the samplers' formulas, on the story model.
import { setTimeout as sleep } from 'node:timers/promises';

import { embeddedModel, loadModel, type GenerateOptions } from 'llama-ts';

import { storyModel } from './model';

const model = storyModel();
const greedy: GenerateOptions = { temperature: 0, maxTokens: 24 };
const prompt = 'Once upon a time';
const best = (logits: Float32Array): number => logits.reduce((most, x, id) => (x > logits[most]! ? id : most), 0);

describe('sample', () => {
  test('chooses each token', async () => {
    const expected = await model().generate(prompt, greedy);
    const rows: number[] = [];
    const sample = (logits: Float32Array): number => {
      rows.push(logits.length);
      return best(logits);
    };
    const got = await model().generate(prompt, { maxTokens: 24, sample });
    expect(got.text).toBe(expected.text);
    expect(got.ids).toEqual(expected.ids);
    expect(rows).toEqual(Array(24).fill(model().info.vocabulary));
    const later = await model().generate(prompt, { maxTokens: 24, sample: (logits) => sleep(1, best(logits)) });
    expect(later.ids).toEqual(expected.ids);
  });

  test('sees biases and bans', async () => {
    const [first] = (await model().generate(prompt, { ...greedy, maxTokens: 1 })).ids;
    const seen: number[] = [];
    const { ids } = await model().generate(prompt, {
      maxTokens: 2,
      ignoreEnd: true,
      logitBias: { [first!]: -Infinity },
      sample: (logits) => {
        seen.push(logits[first!]!);
        return best(logits);
      },
    });
    expect(seen).toEqual([-Infinity, -Infinity]);
    expect(ids).toEqual((await model().generate(prompt, { ...greedy, maxTokens: 2, ignoreEnd: true, logitBias: { [first!]: -Infinity } })).ids);
  });

  test('runs beside others, each giving what it gives alone', async () => {
    const alone = await model().generate('The fox', { ...greedy, seed: 1 });
    const [asked, beside] = await Promise.all([model().generate(prompt, { maxTokens: 24, sample: best }), model().generate('The fox', { ...greedy, seed: 1 })]);
    expect(asked.ids).toEqual((await model().generate(prompt, greedy)).ids);
    expect(beside.ids).toEqual(alone.ids);
  });

  test('what it throws rejects the generation, and nothing else', async () => {
    const mine = new Error('mine');
    let left = 3;
    const throwing = (logits: Float32Array): number => {
      if (left-- === 0) throw mine;
      return best(logits);
    };
    await expect(model().generate(prompt, { maxTokens: 24, sample: throwing })).rejects.toBe(mine);
    await expect(model().generate(prompt, { maxTokens: 24, sample: () => Promise.reject(mine) })).rejects.toBe(mine);
    expect((await model().generate(prompt, greedy)).ids).toHaveLength(24);
  });

  test.each([-1, 1e9, NaN, 1.5, undefined, '5'])('what is no token, %p, is refused', async (id) => {
    await expect(model().generate(prompt, { sample: () => id as number })).rejects.toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(/^sample: a token id: expected an integer/),
    });
  });

  test('a banned token is refused', async () => {
    await expect(model().generate(prompt, { logitBias: { 300: -Infinity }, sample: () => 300 })).rejects.toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringContaining('-Infinity'),
    });
  });

  test('an abort does not wait for it, nor does dispose', async () => {
    const controller = new AbortController();
    const mine = new Error('mine');
    const never = (): Promise<number> => {
      setImmediate(() => controller.abort(mine));
      return new Promise(() => {});
    };
    await expect(model().generate(prompt, { sample: never, signal: controller.signal })).rejects.toBe(mine);
    const own = await loadModel(embeddedModel, { threads: 1, contextTokens: 256 });
    const held = own.generate(prompt, { sample: () => new Promise(() => {}) });
    const refused = expect(held).rejects.toMatchObject({ code: 'DISPOSED' });
    await sleep(50);
    await own.dispose();
    await refused;
  });

  test.each([
    ['temperature', { temperature: 0 }],
    ['samplers', { samplers: ['topK'] }],
    ['logprobs', { logprobs: 0 }],
  ] as [string, GenerateOptions][])('%s beside it is refused', (name, options) => {
    expect(() => model().generate(prompt, { ...options, sample: best })).toThrow(new RegExp(`^${name}: has no effect beside sample`));
  });
});

describe('bannedStrings', () => {
  test('are not in the text, nor ever shown', async () => {
    const plain = await model().generate(prompt, { ...greedy, maxTokens: 60 });
    const words = plain.text.split(' ').filter((w) => w.length > 3);
    const bannedStrings = [...new Set(words.slice(0, 6)), plain.text.slice(30, 38)];
    let shown = '';
    const generation = model().generate(prompt, { ...greedy, maxTokens: 60, bannedStrings });
    for await (const chunk of generation) shown += chunk.text;
    const result = await generation;
    expect(shown).toBe(result.text);
    for (const banned of bannedStrings) {
      expect(plain.text).toContain(banned);
      expect(result.text).not.toContain(banned);
    }
    expect(model().detokenize(result.ids)).toBe(result.text);
    expect(result.usage.completion).toBe(60);
  });

  test('what does not come changes nothing', async () => {
    const settings: GenerateOptions = { maxTokens: 40, seed: 5, logprobs: 2, temperature: 1.2 };
    const plain = await model().generate(prompt, settings);
    const { text, ids, logprobs } = await model().generate(prompt, { ...settings, bannedStrings: ['xylophone', 'Zebra'] });
    expect({ text, ids, logprobs }).toEqual({ text: plain.text, ids: plain.ids, logprobs: plain.logprobs });
  });

  test('the same seed gives the same, alone or beside others', async () => {
    const settings: GenerateOptions = { maxTokens: 40, seed: 5, temperature: 1.2, bannedStrings: [' the', ' was', 'ed '] };
    const alone = await model().generate(prompt, settings);
    const beside = await Promise.all([1, 2, 3].map(() => model().generate(prompt, settings)));
    for (const { text } of beside) expect(text).toBe(alone.text);
    expect(alone.text).not.toMatch(/ the| was|ed /);
  });
});

describe('textBias', () => {
  test('all tokens of a text, for a while', async () => {
    const plain = await model().generate(prompt, greedy);
    const word = / [a-z]{3,}/.exec(plain.text)?.[0] as string;
    const ids = new Set([...model().tokenize(word)]);
    const banned = await model().generate(prompt, { ...greedy, textBias: [{ text: word, bias: -Infinity }] });
    expect(banned.ids.some((id) => ids.has(id))).toBe(false);
    const wanted = await model().generate(prompt, { ...greedy, textBias: [{ text: word, bias: 1000, tokens: 3 }] });
    expect(wanted.ids.slice(0, 3).every((id) => ids.has(id))).toBe(true);
    expect(wanted.ids.slice(3).every((id) => ids.has(id))).toBe(false);
  });

  test.each([
    [{ text: '', bias: 1 }, /textBias\[0\]\.text: expected a string that is not empty/],
    [{ text: 'a' }, /textBias\[0\]: expected an object with text and bias/],
    [{ text: 'a', bias: NaN }, /textBias\[0\]\.bias/],
    [{ text: 'a', bias: 1, tokens: 0 }, /textBias\[0\]\.tokens/],
  ])('%p is refused', (bias, message) => {
    expect(() => model().generate(prompt, { textBias: [bias as { text: string; bias: number }] })).toThrow(message);
  });
});

describe('n', () => {
  test('answers, each what its seed gives alone, that share the prompt', async () => {
    await using own = await loadModel(embeddedModel, { threads: 1, contextTokens: 1024 });
    const long = own.tokenize('a b c d e f g h '.repeat(20)).slice(0, 150);
    const answers = await Promise.all(own.generate(long, { n: 4, seed: 7, maxTokens: 12, temperature: 1.5 }));
    expect(answers.map((a) => a.seed)).toEqual([7, 8, 9, 10]);
    expect(new Set(answers.map((a) => a.text)).size).toBeGreaterThan(1);
    expect(answers.reduce((sum, a) => sum + a.usage.cached, 0)).toBeGreaterThanOrEqual(3 * 128);
    for (const { seed, text } of answers) expect((await own.generate(long, { seed, maxTokens: 12, temperature: 1.5 })).text).toBe(text);
  });

  test('is refused where it is none', () => {
    expect(() => model().generate(prompt, { n: 0 })).toThrow(/^n: expected an integer from 1 to 1000/);
    expect(() =>
      model()
        .chat()
        .send('x', { n: 2 } as GenerateOptions),
    ).toThrow(/unknown option "n"/);
  });
});

describe('samplers of this package', () => {
  test.each<GenerateOptions>([
    { mirostat: 1 },
    { mirostat: 2, mirostatTau: 3 },
    { xtcProbability: 1 },
    { dryMultiplier: 8, dryAllowedLength: 1, drySequenceBreakers: [] },
    { topNSigma: 0.2 },
    { adaptiveTarget: 0.3 },
    { dynatempRange: 0.5 },
    { noRepeatNgram: 3 },
  ])('%p: the same seed gives the same, and another than without', async (options) => {
    const settings: GenerateOptions = { maxTokens: 60, seed: 3, temperature: 1.3 };
    const [one, two] = await Promise.all([model().generate(prompt, { ...settings, ...options }), model().generate(prompt, { ...settings, ...options })]);
    expect(one.text).toBe(two.text);
    expect(one.text).not.toBe((await model().generate(prompt, settings)).text);
  });

  test('no run of three tokens twice', async () => {
    const { ids } = await model().generate('a a a a', { ...greedy, maxTokens: 100, noRepeatNgram: 3, ignoreEnd: true });
    const all = [...model().tokenize('a a a a'), ...ids];
    const runs = all.slice(2).map((_, i) => all.slice(i, i + 3).join());
    expect(new Set(runs.slice(2)).size).toBe(runs.slice(2).length);
  });

  test('beside mirostat, what only drops tokens is refused', async () => {
    await expect(model().generate(prompt, { mirostat: 2, topK: 10 })).rejects.toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringMatching(/^topK: has no effect beside mirostat/),
    });
  });
});
