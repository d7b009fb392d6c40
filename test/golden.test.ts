// Logits and token ids against independent implementations: ../shared/golden and ../shared/vectors.
import { loadModel, loadTokenizer, type LoadOptions } from 'llama-ts';
import { best, logProbabilities, quantile, rowDistances } from './support/distance';
import { sharedFloats, sharedJson, sharedPath, sharedTest } from './support/shared';

interface Step {
  id: number;
  top: [id: number, logProbability: number][];
}
interface Case {
  prompt: string;
  ids: number[];
  steps: Step[];
}
const goldenCases = (file: string) => sharedJson<{ cases: Case[] }>(file).cases;

// What a model says before each step of a case, its predecessors fed as the file has them.
interface Seen {
  step: Step;
  logProbabilities: Float32Array;
}

async function teacherForced(path: string, options: LoadOptions, cases: readonly Case[]): Promise<Seen[]> {
  await using model = await loadModel(path, options);
  const width = model.info.vocabulary;
  const seen: Seen[] = [];
  for (const { ids, steps } of cases) {
    const logits = await model.logits([...ids, ...steps.slice(0, -1).map((s) => s.id)]);
    steps.forEach((step, k) => {
      const row = ids.length - 1 + k;
      seen.push({ step, logProbabilities: logProbabilities(logits.subarray(row * width, (row + 1) * width)) });
    });
  }
  return seen;
}

const gap = ({ top }: Step) => top[0]![1] - top[1]![1];
const expected = ({ top }: Step) => top[0]![0];
const topErrors = ({ step, logProbabilities: lp }: Seen, floor = -Infinity) =>
  step.top.slice(0, 5).flatMap(([id, expected]) => (expected > floor ? [Math.abs(lp[id]! - expected)] : []));

function expectExact(seen: readonly Seen[], tolerance: number, floor?: number): void {
  for (const s of seen) {
    expect(Math.max(0, ...topErrors(s, floor))).toBeLessThanOrEqual(tolerance);
    if (gap(s.step) > tolerance) expect(best(s.logProbabilities)).toBe(expected(s.step));
  }
}

describe('SmolLM2, Q4_1', () => {
  const file = 'models/SmolLM2-135M-Instruct-Q4_1.gguf';
  const golden = 'golden/smollm2.json';

  sharedTest('ref is within the exact tolerance on all cases but the long one', [file, golden], async () => {
    const cases = goldenCases(golden).filter((c) => c.ids.length < 1000);
    const seen = await teacherForced(sharedPath(file), { backend: 'ref', cacheType: 'f32', contextTokens: 256 }, cases);
    expect(seen).toHaveLength(480);
    expectExact(seen, 0.02);
  }, 900_000);

  sharedTest('cpu is within the integer tolerance over all cases', [file, golden], async () => {
    const seen = await teacherForced(sharedPath(file), { backend: 'cpu', contextTokens: 2048 }, goldenCases(golden));
    const errors = seen.flatMap((s) => topErrors(s));
    expect(quantile(errors, 0.5)).toBeLessThanOrEqual(0.08);
    expect(quantile(errors, 0.99)).toBeLessThanOrEqual(0.6);
    const unequal = seen.filter((s) => best(s.logProbabilities) !== expected(s.step));
    expect(unequal.filter((s) => gap(s.step) > 0.6)).toHaveLength(0);
    const middle = (s: Seen) => gap(s.step) >= 0.3 && gap(s.step) <= 0.6;
    expect(unequal.filter(middle).length).toBeLessThanOrEqual(0.01 * seen.filter(middle).length);
  }, 300_000);

  sharedTest('cpu tokenizes the prompts as the file says', [file, golden], async () => {
    const tokenizer = await loadTokenizer(sharedPath(file));
    for (const { prompt, ids } of goldenCases(golden)) expect(Array.from(tokenizer.encode(prompt, { special: true }))).toEqual(ids);
  });
});

describe('the story model', () => {
  const golden = 'golden/story.json';

  for (const backend of ['ref', 'cpu'] as const) {
    sharedTest(`${backend} is within the exact tolerance on F32 weights`, ['models/story-F32.gguf', golden], async () => {
      const options = { backend, cacheType: 'f32', contextTokens: 256 } as const;
      expectExact(await teacherForced(sharedPath('models/story-F32.gguf'), options, goldenCases(golden)), 0.01, -8);
    }, 300_000);
  }

  sharedTest('cpu is within the tolerance of Q8_0', ['models/story-Q8_0.gguf', golden], async () => {
    const seen = await teacherForced(sharedPath('models/story-Q8_0.gguf'), { backend: 'cpu', contextTokens: 256 }, goldenCases(golden));
    const errors = seen.flatMap((s) => topErrors(s, -8));
    expect(quantile(errors, 0.5)).toBeLessThanOrEqual(0.03);
    expect(quantile(errors, 0.99)).toBeLessThanOrEqual(0.3);
  });
});

describe('models of transformers', () => {
  for (const name of ['llama', 'llama-bias', 'llama-rope3', 'llama-linear', 'mistral', 'qwen2', 'qwen2-yarn', 'qwen3']) {
    const folder = `golden/hf/${name}`;
    const files = ['golden/hf/index.json', ...['ids.json', 'logits.f32', 'model-bf16.gguf'].map((f) => `${folder}/${f}`)];

    const distances = async (options: LoadOptions) => {
      const { ids, shape } = sharedJson<{ ids: number[]; shape: number[] }>(`${folder}/ids.json`);
      await using model = await loadModel(sharedPath(`${folder}/model-bf16.gguf`), { contextTokens: 128, ...options });
      return rowDistances(await model.logits(ids), sharedFloats(`${folder}/logits.f32`), shape.at(-1)!);
    };

    sharedTest(`${name}: every row of ref is within the tolerance`, files, async () => {
      const { tolerance } = sharedJson<Record<string, { tolerance: number }>>('golden/hf/index.json')[name]!;
      expect(Math.max(...(await distances({ backend: 'ref', cacheType: 'f32' })))).toBeLessThanOrEqual(tolerance);
    });

    sharedTest(`${name}: cpu is as near as rounded activations are`, files, async () => {
      const found = await distances({ backend: 'cpu' });
      expect(quantile(found, 0.5)).toBeLessThanOrEqual(2e-2);
      expect(quantile(found, 0.9)).toBeLessThanOrEqual(6e-2);
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
