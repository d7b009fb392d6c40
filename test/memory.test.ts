// Memory is known: what a process grows by is what `info` says, and there is no second copy of the weights.
import { runChild } from './support/children';
import { FixtureFolder, tinyShapes } from './fixtures/tiny-models';
import { writeDenseModel } from './fixtures/dense-model';
import type { WeightTypeName } from './fixtures/weight-types';

const folder = new FixtureFolder();
afterAll(() => folder.remove());

interface Reading {
  grown: number;
  firstTokenMs: number;
  memory: { weights: number; kv: number; scratch: number; tables: number; total: number };
  fileBytes: number;
}

const onLinux = process.platform === 'linux' ? test : test.skip;

// A third of a gigabyte; LLAMA_TS_TEST_LARGE=1: a whole one.
const layers = process.env.LLAMA_TS_TEST_LARGE ? 36 : 12;

onLinux.each(['Q8_0', 'Q4_K'] satisfies WeightTypeName[])(
  '%s: loading and running takes what info predicts, within 5%%',
  async (type) => {
    const path = `${folder.path}/large-${type}.gguf`;
    const shape = { ...tinyShapes.plain, width: 1024, layers, heads: 16, kvHeads: 8, feedForward: 6144, vocabulary: 16000, context: 4096 };
    writeDenseModel(path, shape, { seed: 1, type: () => type, poolBytes: 4 << 20 });
    const child = await runChild('resident.cjs', [path, '{"threads":2}'], 60_000);
    expect(child.end).toBe('done');
    const { grown, memory, fileBytes } = JSON.parse(child.lines[0]!) as Reading;
    expect(memory.weights).toBeLessThanOrEqual(fileBytes);
    expect(memory.weights).toBeGreaterThan(0.99 * fileBytes);
    expect(grown / memory.total).toBeGreaterThan(0.95);
    expect(grown / memory.total).toBeLessThan(1.05);
    const { left } = JSON.parse(child.lines[1]!) as { left: number };
    expect(left).toBeLessThan(0.05 * memory.total);
  },
  120_000,
);
