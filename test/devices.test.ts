// Devices that are there (a software Vulkan driver is one, and so is the GPU's face on the CPU): whole models against independent
// references, the same bits whatever runs beside, and models shared with the CPU. Op cases run in native.test.ts.
import { execFileSync } from 'node:child_process';
import { backends, loadModel, type BackendName, type LoadOptions } from 'llama-ts';
import { randomIds } from './fixtures/tiny-models';
import { random } from './fixtures/weight-types';
import { distance, quantile } from './support/distance';
import { expectExact, goldenCases, referenceDistances, referenceFiles, referenceFolder, referenceTolerance, teacherForced, topErrors } from './support/golden';
import { expectSameBits } from './support/same-bits';
import { root, sharedPath, sharedTest, storyModel } from './support/shared';

const ofDevices = backends().filter((b) => b.name !== 'cpu' && b.name !== 'ref');
// Variants that see the inputs of some products in 8 bits, as the CPU does.
const rounding = ['int8', 'coopmat'];
// A model of each kind of memory; native.test.ts has all models.
const hardest = ['llama', 'qwen3', 'gemma3', 'gpt-oss', 'deepseek2-v3', 'qwen3next', 'modern-bert'];
const usable = ofDevices.flatMap((b) =>
  b.devices.slice(0, 1).map((d) => ({ backend: d.name as BackendName, variants: b.variants, slow: b.name === 'gpu-face' })),
);

for (const { name, usable: there, reason } of ofDevices) if (!there) test.skip(`${name} (skipped: ${reason})`, () => {});
if (ofDevices.length === 0) test.skip('devices (skipped: none is compiled in)', () => {});

function testsOf({ backend, variants, slow }: (typeof usable)[number]): void {
  const load = (options: LoadOptions = {}) => loadModel(storyModel, { backend, contextTokens: 512, ...options });
  const isas = variants.length > 0 ? variants : [''];
  const exact = isas.find((isa) => !rounding.includes(isa))!;
  const prompt = randomIds(140, 900, random(4)).map((id) => id + 20);

  const smol = ['models/SmolLM2-135M-Instruct-Q4_1.gguf', 'golden/smollm2.json'];
  sharedTest(
    'SmolLM2 is within the exact tolerance',
    smol,
    async () => {
      const cases = goldenCases('golden/smollm2.json').slice(0, 1);
      const shortened = slow ? cases.map((c) => ({ ...c, steps: c.steps.slice(0, 4) })) : cases;
      const seen = await teacherForced(sharedPath(smol[0]!), { backend, isa: exact, cacheType: 'f32', contextTokens: 256 }, shortened);
      expect(seen.length).toBeGreaterThan(3);
      expectExact(seen, 0.02);
    },
    900_000,
  );

  for (const isa of isas.filter((v) => rounding.includes(v))) {
    sharedTest(
      `SmolLM2 is within the integer tolerance, ${isa}`,
      smol,
      async () => {
        const cases = goldenCases('golden/smollm2.json').slice(0, 2);
        const errors = (await teacherForced(sharedPath(smol[0]!), { backend, isa, contextTokens: 256 }, cases)).flatMap((s) => topErrors(s));
        expect(errors.length).toBeGreaterThan(10);
        expect(quantile(errors, 0.5)).toBeLessThanOrEqual(0.08);
        expect(quantile(errors, 0.99)).toBeLessThanOrEqual(0.6);
      },
      900_000,
    );
  }

  for (const name of hardest) {
    sharedTest(
      `${name}: every row is within the tolerance`,
      referenceFiles(name),
      async () => {
        expect(Math.max(...(await referenceDistances(name, { backend, cacheType: 'f32' })))).toBeLessThanOrEqual(referenceTolerance(name));
      },
      300_000,
    );
  }

  test.each(isas)(
    'the same bits in chunks, beside others and after a prefix hit %s',
    async (isa) => {
      const ids = slow ? prompt.slice(0, 80) : prompt;
      await using model = await load({ isa });
      const alone = await model.logits(ids);
      const others = [ids.slice(3, 40), ids.slice(7, 20)];
      const together = await Promise.all([model.logits(ids), ...others.map((o) => model.logits(o))]);
      expectSameBits(together[0]!, alone, 'beside others');
      const greedy = { maxTokens: 6, temperature: 0, ignoreEnd: true, logprobs: 3 };
      const first = await model.generate(ids, greedy);
      const again = await model.generate(ids, greedy);
      expect(again.usage.cached).toBeGreaterThan(0);
      expect(again.logprobs).toEqual(first.logprobs);
      await using chunked = await load({ isa, batchTokens: 9 });
      expectSameBits(await chunked.logits(ids), alone, 'in chunks');
      expect((await chunked.generate(ids, greedy)).logprobs).toEqual(first.logprobs);
    },
    600_000,
  );

  // Recorded decodes, experts that are chosen on the device, latent keys and states that go on from another's.
  for (const name of hardest.slice(2, -1)) {
    sharedTest(`${name}: the same bits in chunks, beside others and after a prefix hit`, referenceFiles(name), async () => {
      const file = sharedPath(`${referenceFolder(name)}/model-bf16.gguf`);
      const ids = randomIds(slow ? 80 : 150, 300, random(6));
      const greedy = { maxTokens: 6, temperature: 0, ignoreEnd: true, logprobs: 3 };
      await using model = await loadModel(file, { backend, isa: exact, contextTokens: 512 });
      const alone = await model.logits(ids);
      expectSameBits((await Promise.all([model.logits(ids), model.logits(ids.slice(3, 40))]))[0], alone, 'beside others');
      const first = await model.generate(ids, greedy);
      const again = await model.generate(ids, greedy);
      expect(again.usage.cached).toBeGreaterThanOrEqual(64);
      expect(again.logprobs).toEqual(first.logprobs);
      const [one, two] = await Promise.all([model.generate(ids, greedy), model.generate(ids.slice(1), greedy)]);
      expect(one.logprobs).toEqual(first.logprobs);
      await using chunked = await loadModel(file, { backend, isa: exact, contextTokens: 512, batchTokens: 9 });
      expectSameBits(await chunked.logits(ids), alone, 'in chunks');
      expect((await chunked.generate(ids.slice(1), greedy)).logprobs).toEqual(two.logprobs);
    });
  }

  test('generations at once: each as alone', async () => {
    await using model = await load();
    const jobs = Array.from({ length: slow ? 3 : 9 }, (_, i) => ({
      ids: prompt.slice(i, 2 * i + 5),
      options: { seed: i, maxTokens: 3 + i, ignoreEnd: true, logprobs: 2 },
    }));
    const together = await Promise.all(jobs.map((j) => model.generate(j.ids, j.options)));
    for (const [i, { ids, options }] of jobs.entries()) expect((await model.generate(ids, options)).logprobs).toEqual(together[i]!.logprobs);
  }, 600_000);

  test('layers shared with the CPU give nearly the same', async () => {
    const ids = prompt.slice(0, 20);
    await using whole = await load({ gpuLayers: 'all' });
    const wanted = await whole.logits(ids);
    expect(whole.info).toMatchObject({ deviceLayers: 4 });
    for (const gpuLayers of [0, 1, 3, 4]) {
      await using model = await load({ gpuLayers });
      expect(model.info.deviceLayers).toBe(gpuLayers);
      const found = await model.logits(ids);
      expect(distance(found, wanted)).toBeLessThan(0.05); // the CPU rounds inputs to 8 bits
    }
  }, 600_000);

  // BF16 weights: the CPU rounds inputs to BF16, which may choose other experts. That the engine's results are those of one backend is shown by a native check, byte for byte.
  sharedTest(
    "experts on the CPU: nearly the same, and less of the device's memory",
    referenceFiles('gpt-oss'),
    async () => {
      const file = sharedPath(`${referenceFolder('gpt-oss')}/model-bf16.gguf`);
      const ids = randomIds(40, 300, random(6));
      const open = (options: LoadOptions) => loadModel(file, { backend, isa: exact, gpuLayers: 'all', contextTokens: 512, ...options });
      await using whole = await open({});
      const wanted = await whole.logits(ids);
      let before = whole.info.memory.device;
      for (const cpuExperts of [1, [0, 1], /ffn_(up|gate)_exps/] as const) {
        await using model = await open({ cpuExperts });
        expect(distance(await model.logits(ids), wanted)).toBeLessThan(5e-2);
        expect(model.info.backend).toContain('without experts, cpu');
        expect(model.info.memory.device).toBeLessThan(before);
        before = model.info.memory.device + 1;
        const [one, two] = await Promise.all([ids, ids.slice(5)].map((prompt) => model.generate(prompt, { maxTokens: 4, temperature: 0, logprobs: 1 })));
        expect((await model.generate(ids.slice(5), { maxTokens: 4, temperature: 0, logprobs: 1 })).logprobs).toEqual(two!.logprobs);
        expect(one!.ids).toHaveLength(4);
      }
      await expect(load({ cpuExperts: true })).rejects.toMatchObject({ code: 'ARGUMENT' });
    },
    600_000,
  );

  test.each(['f16', 'q8_0'] as const)(
    'a cache of %s is as near as it is on the judge',
    async (cacheType) => {
      const ids = prompt.slice(0, 30);
      await using judge = await loadModel(storyModel, { backend: 'ref', cacheType, contextTokens: 512 });
      await using model = await load({ isa: exact, cacheType });
      const [wanted, found] = [await judge.logits(ids), await model.logits(ids)];
      expect(distance(found, wanted)).toBeLessThan(2e-3);
    },
    600_000,
  );

  if (backend.startsWith('vulkan')) {
    test('features forced off by name are used by no variant', () => {
      const script = `console.log(JSON.stringify(require(${JSON.stringify(root)}).backends().find((b) => b.name === 'vulkan').variants))`;
      const left = (off: string) => {
        const env = { ...process.env, LLAMA_TS_VULKAN_WITHOUT: off };
        return JSON.parse(execFileSync(process.execPath, ['-e', script], { env, encoding: 'utf8' })) as string[];
      };
      expect(left('')).toEqual(variants);
      expect(left('f16,int8')).toEqual(variants.filter((v) => !['f16', 'int8', 'coopmat'].includes(v)));
      expect(left('subgroup,f16,int8,coopmat')).toEqual(['plain']);
    }, 60_000);
  }

  test('a variant that is not, and a device that is not, are refused', async () => {
    await expect(load({ isa: 'imaginary' })).rejects.toMatchObject({ code: 'ARGUMENT' });
    const absent = `${backend.split(':')[0]}:99` as BackendName;
    await expect(load({ backend: absent })).rejects.toMatchObject({ code: 'DEVICE' });
  });
}

for (const device of usable) describe(device.backend, () => testsOf(device)); // describe.each refuses a list of none
