// Logits and token ids against independent implementations: ../shared/golden and ../shared/vectors.
import { loadTokenizer } from 'llama-ts';
import { best, quantile } from './support/distance';
import {
  choosy,
  sensitive,
  expected,
  expectExact,
  gap,
  goldenCases,
  referenceDistances,
  referenceFiles,
  referenceModels,
  referenceTolerance,
  teacherForced,
  topErrors,
  type Seen,
} from './support/golden';
import { longSharedTest, sharedJson, sharedPath, sharedTest } from './support/shared';

describe('SmolLM2, Q4_1', () => {
  const file = 'models/SmolLM2-135M-Instruct-Q4_1.gguf';
  const golden = 'golden/smollm2.json';

  longSharedTest(
    'ref is within the exact tolerance on two cases',
    [file, golden],
    async () => {
      const cases = goldenCases(golden).slice(0, 2); // it is slow; the CPU has all of them
      const seen = await teacherForced(sharedPath(file), { backend: 'ref', cacheType: 'f32', contextTokens: 256 }, cases);
      expect(seen).toHaveLength(96);
      expectExact(seen, 0.02);
    },
    900_000,
  );

  sharedTest(
    'cpu is within the integer tolerance over all cases',
    [file, golden],
    async () => {
      const seen = await teacherForced(sharedPath(file), { backend: 'cpu', contextTokens: 2048 }, goldenCases(golden));
      const errors = seen.flatMap((s) => topErrors(s));
      expect(quantile(errors, 0.5)).toBeLessThanOrEqual(0.08);
      expect(quantile(errors, 0.99)).toBeLessThanOrEqual(0.6);
      const unequal = seen.filter((s) => best(s.logProbabilities) !== expected(s.step));
      expect(unequal.filter((s) => gap(s.step) > 0.6)).toHaveLength(0);
      const middle = (s: Seen) => gap(s.step) >= 0.3 && gap(s.step) <= 0.6;
      expect(unequal.filter(middle).length).toBeLessThanOrEqual(0.01 * seen.filter(middle).length);
    },
    300_000,
  );

  sharedTest('cpu tokenizes the prompts as the file says', [file, golden], async () => {
    const tokenizer = await loadTokenizer(sharedPath(file));
    for (const { prompt, ids } of goldenCases(golden)) expect(Array.from(tokenizer.encode(prompt, { special: true }))).toEqual(ids);
  });
});

describe('the story model', () => {
  const golden = 'golden/story.json';

  for (const backend of ['ref', 'cpu'] as const) {
    sharedTest(
      `${backend} is within the exact tolerance on F32 weights`,
      ['models/story-F32.gguf', golden],
      async () => {
        const options = { backend, cacheType: 'f32', contextTokens: 256 } as const;
        expectExact(await teacherForced(sharedPath('models/story-F32.gguf'), options, goldenCases(golden)), 0.01, -8);
      },
      300_000,
    );
  }

  sharedTest('cpu is within the tolerance of Q8_0', ['models/story-Q8_0.gguf', golden], async () => {
    const seen = await teacherForced(sharedPath('models/story-Q8_0.gguf'), { backend: 'cpu', contextTokens: 256 }, goldenCases(golden));
    const errors = seen.flatMap((s) => topErrors(s, -8));
    expect(quantile(errors, 0.5)).toBeLessThanOrEqual(0.03);
    expect(quantile(errors, 0.99)).toBeLessThanOrEqual(0.3);
  });
});

describe('models of transformers', () => {
  for (const name of referenceModels) {
    sharedTest(`${name}: every row of ref is within the tolerance`, referenceFiles(name), async () => {
      const found = await referenceDistances(name, { backend: 'ref', cacheType: 'f32' });
      expect(Math.max(...found)).toBeLessThanOrEqual(referenceTolerance(name));
    });

    sharedTest(`${name}: cpu is as near as rounded activations are`, referenceFiles(name), async () => {
      const found = await referenceDistances(name, { backend: 'cpu' });
      expect(quantile(found, 0.5)).toBeLessThanOrEqual(sensitive(name) ? 6e-2 : 2e-2);
      if (!choosy(name)) expect(quantile(found, 0.9)).toBeLessThanOrEqual(6e-2);
    });
  }
});

describe('tokenizer vectors', () => {
  interface Vectors {
    vocab: string;
    cases: { text: string; plain: number[]; special: number[]; back: string }[];
  }
  // Where the reference deletes a space before punctuation, the text itself is right too.
  const spaceless = (text: string) => text.replaceAll(' ', '');

  for (const name of ['llama-spm', 'llama-bpe', 'gpt-2', 'qwen2', 'smollm', 'story']) {
    const folder = 'vectors/tokenizer';
    const inModels = name === 'smollm' || name === 'story';
    const vocabulary = { smollm: 'SmolLM2-135M-Instruct-Q4_1', story: 'story-Q8_0' }[name] ?? name;
    const file = `${inModels ? 'models' : folder}/${vocabulary}.gguf`;
    sharedTest(`${name}: encode and decode`, [file, `${folder}/${name}.json`], async () => {
      const tokenizer = await loadTokenizer(sharedPath(file));
      for (const { text, plain, special, back } of sharedJson<Vectors>(`${folder}/${name}.json`).cases) {
        expect(Array.from(tokenizer.encode(text))).toEqual(plain);
        const recognised = Array.from(tokenizer.encode(text, { special: true }));
        // "</s>" of qwen2's vocabulary is a normal token that looks like a control token: both readings are right.
        if (name !== 'qwen2' || !text.includes('</s>')) expect(recognised).toEqual(special);
        const decoded = tokenizer.decode(plain);
        if (decoded !== back && decoded !== text) expect(spaceless(decoded)).toBe(spaceless(back));
      }
    });
  }
});
