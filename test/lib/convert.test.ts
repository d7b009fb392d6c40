// Hugging Face folders: run as they are, and made into GGUF files. Truth: llama.cpp's converter (model-bf16.gguf), transformers'
// logits, and folders that are written here by other rules.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertModel, diffModels, editModel, inspectModel, loadModel, loadTokenizer, quantize, splitModel, type MetadataValue } from 'llama-ts';
import { bf16, e4m3, f32, floatsOf, folderOf, readSafetensors, safetensors, temporaryFolder, type StoredTensor, type Tensors } from '../fixtures/safetensors';
import {
  folderModels,
  folderTolerance,
  referenceDecoderIds,
  referenceDistances,
  referenceFiles,
  referenceFolder,
  referenceIds,
  referenceModels,
  referenceOutput,
  referenceTolerance,
} from '../support/golden';
import { hasShared, root, sharedJson, sharedPath, sharedTest } from '../support/shared';

const folder = (name: string) => sharedPath(referenceFolder(name));
const needs = (name: string) => [...referenceFiles(name), `${referenceFolder(name)}/model.safetensors`];
const llama = needs('llama');

async function logits(path: string, name: string, options: { backend: 'cpu' | 'ref'; cacheType?: 'f32' }, count?: number): Promise<Float32Array> {
  const ids = referenceIds(name).slice(0, count);
  await using model = await loadModel(path, { contextTokens: 128, ...options });
  return await (referenceOutput(name) === 'hidden' ? model.hidden(ids) : model.logits(ids, { decoderIds: referenceDecoderIds(name) }));
}

// What llama.cpp's converter writes in place of what config.json says: a row's width, or a number of its own.
const wrongContext: readonly string[] = ['bloom', 'falcon', 'falcon-11b', 'falcon40', 'glm'];

// What llama.cpp's converter reads out of a folder's name.
const guessed = ['general.basename', 'general.finetune', 'general.version', 'general.size_label'];
const sameFile = {
  metadata: [
    { key: 'general.name', what: 'value' },
    { key: 'tokenizer.ggml.add_eos_token', what: 'only in A' },
  ],
  tensors: [],
};

// Decays are -exp(A_log), in torch by an exponential that is off by up to a unit in the last place.
const inLastPlace = (t: { name: string; largest?: number }) => t.name.endsWith('.ssm_a') && t.largest !== undefined && t.largest <= 2 ** -20;

// Its GGUF file has weights that were multiplied and then rounded, the folder the numbers that they are multiplied by.
const folded = 'falcon-h1-mult';

describe('folders of golden/hf and golden2/hf', () => {
  for (const name of referenceModels) {
    sharedTest(`${name}: its folder, the GGUF made of it and llama.cpp's give the same bits`, needs(name), async () => {
      using out = temporaryFolder();
      const file = join(out.path, 'model.gguf');
      const written = await convertModel(folder(name), file);
      const { metadata, tensors } = await diffModels(file, join(folder(name), 'model-bf16.gguf'));
      const context = wrongContext.includes(name);
      const known = ({ key, what }: { key: string; what: string }): boolean =>
        guessed.includes(key) || (context && key.endsWith('.context_length')) || (key === 'general.file_type' && what === 'only in A');
      const different = tensors.filter((t) => !inLastPlace(t));
      expect({ metadata: metadata.filter((m) => !known(m)), tensors: different }).toEqual(sameFile);
      expect(written.bytes).toBe(readFileSync(file).length);
      const count = context ? 64 : undefined;
      const wanted = await logits(tensors.length > 0 ? file : join(folder(name), 'model-bf16.gguf'), name, { backend: 'cpu' }, count);
      for (const same of name === folded ? [file] : [folder(name), file])
        expect(Buffer.from((await logits(same, name, { backend: 'cpu' }, count)).buffer).equals(Buffer.from(wanted.buffer))).toBe(true);
    });

    sharedTest(`${name}: its folder gives transformers' logits`, needs(name), async () => {
      const found = await referenceDistances(name, { backend: 'ref', cacheType: 'f32' }, '.');
      expect(Math.max(...found)).toBeLessThanOrEqual(folderTolerance(name));
    });
  }

  for (const [name, setting] of folderModels) {
    sharedTest(`${name}: its folder gives transformers' logits, and becomes no GGUF, which cannot say ${setting}`, [`golden2/hf/${name}`], async () => {
      const found = await referenceDistances(name, { backend: 'ref', cacheType: 'f32' }, '.');
      expect(Math.max(...found)).toBeLessThanOrEqual(referenceTolerance(name));
      using out = temporaryFolder();
      const refused = { code: 'UNSUPPORTED', message: expect.stringContaining(setting) as string };
      await expect(convertModel(folder(name), join(out.path, 'x.gguf'))).rejects.toMatchObject(refused);
      await expect(quantize(folder(name), join(out.path, 'x.gguf'), { type: 'Q8_0' })).rejects.toMatchObject(refused);
      expect(readdirSync(out.path)).toEqual([]);
    });
  }

  sharedTest("gptj: its folder gives transformers' logits, and the GGUF made of it the same bits", 'golden2/hf/gptj/model.safetensors', async () => {
    using out = temporaryFolder();
    const file = join(out.path, 'model.gguf');
    await convertModel(folder('gptj'), file);
    const found = await referenceDistances('gptj', { backend: 'ref', cacheType: 'f32' }, '.');
    expect(Math.max(...found)).toBeLessThanOrEqual(referenceTolerance('gptj'));
    const wanted = await logits(folder('gptj'), 'gptj', { backend: 'cpu' });
    expect(Buffer.from((await logits(file, 'gptj', { backend: 'cpu' })).buffer).equals(Buffer.from(wanted.buffer))).toBe(true);
  });

  sharedTest('a folder that is loaded has tokenizer, chat template and sizes', llama, async () => {
    await using model = await loadModel(folder('llama'), { contextTokens: 128 });
    expect(model.info).toMatchObject({ architecture: 'llama', layers: 2, fileType: 'BF16', vocabulary: 320, name: 'llama' });
    expect(model.info.chatTemplate).toContain('<|im_start|>');
    const [ours, reference] = await Promise.all([loadTokenizer(folder('llama')), loadTokenizer(join(folder('llama'), 'model-bf16.gguf'))]);
    const text = 'the <|im_start|> of 1234 things\n\n';
    expect(ours.encode(text, { special: true })).toEqual(reference.encode(text, { special: true }));
  });

  sharedTest('quantize() takes a folder, with the result that the GGUF gives', llama, async () => {
    using made = temporaryFolder();
    const [ours, reference] = [join(made.path, 'a.gguf'), join(made.path, 'b.gguf')];
    await quantize(folder('llama'), ours, { type: 'Q8_0' });
    await quantize(join(folder('llama'), 'model-bf16.gguf'), reference, { type: 'Q8_0' });
    expect((await diffModels(ours, reference)).tensors).toEqual([]);
  });

  test('other architectures are refused by name', async () => {
    using made = temporaryFolder();
    writeFileSync(join(made.path, 'config.json'), JSON.stringify({ architectures: ['WhaleForCausalLM'], vocab_size: 300 }));
    const message = expect.stringContaining('WhaleForCausalLM') as string;
    await expect(loadModel(made.path)).rejects.toMatchObject({ code: 'UNSUPPORTED', message });
  });
});

// Of architectures whose folders no other test here loads: the file is what llama.cpp's converter writes.
describe('folders of other architectures', () => {
  const converted = [
    'golden/hf/gemma3',
    'golden/hf/gpt-oss',
    'golden/hf/deepseek2-v2',
    'golden/hf/deepseek2-v3',
    'golden/hf/qwen3next',
    'golden/hf/qwen35',
    'golden/hf/modern-bert',
    ...['bert', 'roberta', 'roberta-classify', 'xlm-roberta', 'xlm-roberta-rerank', 'modern-bert', 'modern-bert-rerank'].map((n) => `golden2/embed/${n}`),
    ...['nomic-bert', 'jina-bert-v2', 'jina-bert-v3', 'eurobert', 'gemma-embedding', 'gemma-embedding-dense'].map((n) => `golden2/embed/${n}`),
    ...['qwen3-embedding', 'qwen3-reranker', 'qwen3-reranker-untied'].map((n) => `golden2/embed/${n}`),
  ];
  const files = (name: string): string[] => [`${name}/model.safetensors`, `${name}/model-bf16.gguf`];
  // The reference's was made up, and others follow from it.
  const names = new Set([
    'general.name',
    'general.basename',
    'general.version',
    'general.finetune',
    'tokenizer.ggml.add_eos_token',
    'tokenizer.ggml.add_sep_token',
  ]);
  const differences = async (a: string, b: string): Promise<string[]> => {
    const { metadata, tensors } = await diffModels(a, b);
    return [...metadata.map((m) => m.key), ...tensors.map((t) => t.name)].filter((key) => !names.has(key));
  };
  const tensorsOf = (name: string): Tensors => readSafetensors(join(sharedPath(name), 'model.safetensors'));

  for (const name of converted) {
    sharedTest(`${name}: the GGUF made of it is llama.cpp's`, files(name), async () => {
      using made = temporaryFolder();
      const file = join(made.path, 'x.gguf');
      await convertModel(sharedPath(name), file);
      expect(await differences(file, join(sharedPath(name), 'model-bf16.gguf'))).toEqual([]);
      expect(await differences(sharedPath(name), file)).toEqual([]);
    });
  }

  // FP4 by value (OCP MX): a sign, then 0 to 6. 2i and 2i + 1 are the halves of byte i, as in transformers' integrations/mxfp4.
  const level = (code: number): number => (code === 8 ? 0 : (code & 8 ? -1 : 1) * [0, 0.5, 1, 1.5, 2, 3, 4, 6][code & 7]!); // zero has no sign in GGUF
  const gptOss = 'golden/hf/gpt-oss';
  function packed(rows: number, cols: number, seed: number): { blocks: StoredTensor; scales: StoredTensor; values: Float32Array } {
    const [experts, across] = [4, cols / 32];
    let state = seed;
    const next = (below: number): number => Math.floor((state = (state * 48271) % 0x7fffffff) / 7) % below;
    const codes = Array.from({ length: experts * rows * cols }, () => next(16));
    const exponents = Array.from({ length: experts * rows * across }, () => 120 + next(9));
    const bytes = Buffer.from(Array.from({ length: codes.length / 2 }, (_, i) => codes[2 * i]! | (codes[2 * i + 1]! << 4)));
    return {
      blocks: { dtype: 'U8', shape: [experts, rows, across, 16], bytes },
      scales: { dtype: 'U8', shape: [experts, rows, across], bytes: Buffer.from(exponents) },
      values: Float32Array.from(codes, (c, i) => level(c) * 2 ** (exponents[Math.floor(i / 32)]! - 127)),
    };
  }
  function transposed(values: Float32Array, rows: number, cols: number): Float32Array {
    const out = new Float32Array(values.length);
    values.forEach((x, i) => {
      const [expert, row, col] = [Math.floor(i / (rows * cols)), Math.floor(i / cols) % rows, i % cols];
      out[expert * rows * cols + col * rows + row] = x;
    });
    return out;
  }

  sharedTest('gpt-oss: experts of MXFP4 stay so, and have the values of BF16 ones', files(gptOss), async () => {
    using small = temporaryFolder();
    using wide = temporaryFolder();
    const [blocks, plain] = [tensorsOf(gptOss), tensorsOf(gptOss)];
    for (let layer = 0; layer < 4; layer++) {
      for (const [name, rows, cols] of [
        ['gate_up_proj', 192, 64],
        ['down_proj', 64, 96],
      ] as const) {
        const key = `model.layers.${layer}.mlp.experts.${name}`;
        const made = packed(rows, cols, layer * 7 + rows);
        blocks.delete(key);
        blocks.set(`${key}_blocks`, made.blocks).set(`${key}_scales`, made.scales);
        plain.set(key, { dtype: 'BF16', shape: [4, cols, rows], bytes: bf16(transposed(made.values, rows, cols)) });
      }
    }
    folderOf(sharedPath(gptOss), small.path, [blocks], { quantization_config: { quant_method: 'mxfp4', modules_to_not_convert: ['lm_head'] } });
    folderOf(sharedPath(gptOss), wide.path, [plain]);
    const [file, rounded] = [join(wide.path, 'x.gguf'), join(wide.path, 'y.gguf')];
    await convertModel(small.path, file, { name: 'x' });
    const { metadata, tensors } = await inspectModel(file);
    expect(metadata.get('general.file_type')).toBe(38);
    expect(new Set(tensors.filter((t) => /_exps\.weight$/.test(t.name)).map((t) => t.type))).toEqual(new Set(['MXFP4']));
    const found = (await diffModels(file, wide.path)).tensors;
    expect(found).toHaveLength(12);
    for (const t of found) expect(t).toMatchObject({ what: 'type', largest: 0 });
    await convertModel(small.path, rounded, { type: 'bf16' });
    expect((await diffModels(rounded, wide.path)).tensors).toEqual([]);
  });

  sharedTest('gpt-oss: blocks without their exponents, or with too few: refused', files(gptOss), async () => {
    using made = temporaryFolder();
    const tensors = tensorsOf(gptOss);
    const key = 'model.layers.0.mlp.experts.down_proj';
    const { blocks, scales } = packed(64, 96, 1);
    tensors.delete(key);
    tensors.set(`${key}_blocks`, blocks);
    folderOf(sharedPath(gptOss), made.path, [tensors]);
    const refused = { code: 'FORMAT', message: expect.stringContaining(`${key}_scales`) as string };
    await expect(inspectModel(made.path)).rejects.toMatchObject(refused);
    tensors.set(`${key}_scales`, { ...scales, shape: [4, 64, 2], bytes: scales.bytes.subarray(0, 512) });
    folderOf(sharedPath(gptOss), made.path, [tensors]);
    await expect(inspectModel(made.path)).rejects.toMatchObject(refused);
  });

  // A matrix that is split, a part of it transposed, has its scales in the folder's own blocks; stacked ones each their own.
  sharedTest('deepseek2: FP8 with a scale a block becomes BF16, rounded once', files('golden/hf/deepseek2-v3'), async () => {
    const name = 'golden/hf/deepseek2-v3';
    using small = temporaryFolder();
    using exact = temporaryFolder();
    const [eighths, expected] = [tensorsOf(name), tensorsOf(name)];
    const [high, wide] = [24, 20];
    for (const [key, t] of tensorsOf(name)) {
      const [rows = 0, cols = 0] = t.shape;
      if (!key.includes('_proj')) continue;
      const across = Math.ceil(cols / wide);
      const codes = Buffer.from(Array.from({ length: rows * cols }, (_, i) => (i * 37 + rows) % 127));
      const scales = Float32Array.from({ length: Math.ceil(rows / high) * across }, (_, i) => 0.001 + i * 0.000137);
      const values = Float32Array.from(codes, (c, i) =>
        Math.fround(e4m3[c]! * scales[Math.floor(Math.floor(i / cols) / high) * across + Math.floor((i % cols) / wide)]!),
      );
      eighths.set(key, { dtype: 'F8_E4M3', shape: t.shape, bytes: codes });
      eighths.set(`${key}_scale_inv`, { dtype: 'F32', shape: [Math.ceil(rows / high), across], bytes: f32(scales) });
      expected.set(key, { dtype: 'BF16', shape: t.shape, bytes: bf16(values) });
    }
    folderOf(sharedPath(name), small.path, [eighths], { quantization_config: { quant_method: 'fp8', weight_block_size: [high, wide] } });
    folderOf(sharedPath(name), exact.path, [expected]);
    expect((await diffModels(small.path, exact.path)).tensors).toEqual([]);
  });

  sharedTest('layers that only guess further tokens are passed over', files('golden/hf/deepseek2-v3'), async () => {
    using made = temporaryFolder();
    const [deepseek, next] = ['golden/hf/deepseek2-v3', 'golden/hf/qwen3next'];
    const tensors = tensorsOf(deepseek);
    for (const [key, t] of [...tensors]) if (key.startsWith('model.layers.2.')) tensors.set(key.replace('layers.2.', 'layers.3.'), t);
    tensors.set('model.layers.3.eh_proj.weight', tensors.get('lm_head.weight')!);
    folderOf(sharedPath(deepseek), made.path, [tensors], { num_nextn_predict_layers: 1 });
    expect(await differences(made.path, sharedPath(deepseek))).toEqual([]);
    folderOf(sharedPath(deepseek), made.path, [tensors]);
    await expect(inspectModel(made.path)).rejects.toMatchObject({ message: expect.stringMatching(/model\.layers\.3\./) as string });
    const ahead = tensorsOf(next);
    folderOf(sharedPath(next), made.path, [ahead.set('mtp.fc.weight', ahead.get('lm_head.weight')!)]);
    expect(await differences(made.path, sharedPath(next))).toEqual([]);
  });

  for (const [name, mask] of [
    ['golden/hf/gpt2', 'h.1.attn.bias'],
    ['golden/hf/bloom', undefined],
  ] as const) {
    sharedTest(`${name}: names without "transformer." in front`, files(name), async () => {
      using made = temporaryFolder();
      const tensors: Tensors = new Map([...tensorsOf(name)].map(([key, t]) => [key.replace(/^transformer\./, ''), t]));
      if (mask) tensors.set(mask, { dtype: 'U8', shape: [1, 1, 4, 4], bytes: Buffer.alloc(16) });
      folderOf(sharedPath(name), made.path, [tensors]);
      expect(await differences(made.path, sharedPath(name))).toEqual([]);
    });
  }

  sharedTest('modern-bert: a folder of its pre-training has names with model. in front, and a head', files('golden/hf/modern-bert'), async () => {
    using made = temporaryFolder();
    const name = 'golden/hf/modern-bert';
    const tensors: Tensors = new Map([...tensorsOf(name)].map(([key, t]) => [`model.${key}`, t]));
    const norm = tensors.get('model.final_norm.weight')!;
    tensors.set('head.norm.weight', norm).set('decoder.bias', norm);
    folderOf(sharedPath(name), made.path, [tensors], { architectures: ['ModernBertForMaskedLM'] });
    expect(await differences(made.path, sharedPath(name))).toEqual([]);
  });

  // Folders of models that see: what is about text lies in text_config and below other names, and is what is read.
  for (const [name, architecture, before, seeing] of [
    ['golden2/hf/gemma3-linear', 'Gemma3ForConditionalGeneration', 'language_model.model.', 'vision_tower.vision_model.post_layernorm.weight'],
    ['golden/hf/gemma3', 'Gemma3ForConditionalGeneration', 'model.language_model.', 'model.multi_modal_projector.mm_soft_emb_norm.weight'],
    ['golden/hf/ministral3', 'Mistral3ForConditionalGeneration', 'model.language_model.', 'model.vision_tower.ln_pre.weight'],
    ['golden2/hf/qwen35-tied', 'Qwen3_5ForConditionalGeneration', 'model.language_model.', 'model.visual.merger.norm.weight'],
  ] as const) {
    sharedTest(`${name} within ${architecture}: its text model`, files(name), async () => {
      using made = temporaryFolder();
      const tensors: Tensors = new Map([...tensorsOf(name)].map(([key, t]) => [key.replace(/^model\./, before), t]));
      const norm = [...tensors.values()].at(-1)!;
      folderOf(sharedPath(name), made.path, [tensors.set(seeing, norm)]);
      const config = JSON.parse(readFileSync(join(made.path, 'config.json'), 'utf8')) as Record<string, unknown>;
      writeFileSync(join(made.path, 'config.json'), JSON.stringify({ architectures: [architecture], text_config: config, vision_config: {} }));
      expect((await differences(made.path, sharedPath(name))).filter((key) => !key.startsWith('tokenizer.ggml.'))).toEqual([]);
    });
  }

  // The same in the keys that published folders have.
  const older: [string, Record<string, unknown>][] = [
    ['golden2/hf/gemma3-linear', { rope_parameters: undefined, rope_theta: 1e6, rope_local_base_freq: 1e4, rope_scaling: { rope_type: 'linear', factor: 8 } }],
    ['golden/hf/gemma3', { rope_parameters: undefined, layer_types: undefined, tie_word_embeddings: undefined, sliding_window_pattern: 6 }],
    ['golden/hf/modern-bert', { rope_parameters: undefined, global_rope_theta: 160000, local_rope_theta: 10000, layer_types: undefined }],
    ['golden/hf/qwen3next', { rope_parameters: undefined, rope_theta: 10000, layer_types: undefined }],
    ['golden/hf/lfm2', { intermediate_size: undefined, block_ff_dim: 180, block_auto_adjust_ff_dim: true, block_multiple_of: 64 }],
    ['golden/hf/lfm2', { layer_types: undefined, full_attn_idxs: [2] }],
    ['golden/hf/gemma2', { rope_parameters: undefined, rope_theta: 10000, layer_types: undefined, tie_word_embeddings: undefined }],
    ['golden2/hf/olmo3-yarn', { rope_parameters: undefined, rope_theta: 5e5, rope_scaling: { type: 'yarn', factor: 8, original_max_position_embeddings: 32 } }],
    ['golden2/hf/exaone4-window', { layer_types: undefined }],
    ['golden/hf/cohere2', { layer_types: undefined, sliding_window_pattern: 4 }],
    ['golden/hf/gptneox', { rope_parameters: undefined, rotary_pct: 0.25, rotary_emb_base: 10000 }],
    ['golden/hf/falcon40', { rope_parameters: undefined, num_kv_heads: undefined, n_head_kv: 2, n_layer: 2, num_hidden_layers: undefined }],
    ['golden/hf/bloom', { n_embed: 64, hidden_size: undefined, n_inner: null, seq_length: 2048 }],
  ];
  for (const [name, config] of older) {
    sharedTest(`${name}: ${Object.keys(config).join(', ')}`, files(name), async () => {
      using made = temporaryFolder();
      folderOf(sharedPath(name), made.path, [tensorsOf(name)], config);
      expect(await differences(made.path, sharedPath(name))).toEqual([]);
    });
  }

  // What changes results and has no key in GGUF.
  const refused: [string, Record<string, unknown>][] = [
    ['gemma3', { query_pre_attn_scalar: 64 }],
    ['gemma3', { use_bidirectional_attention: true }],
    ['gemma3', { attn_logit_softcapping: 50 }],
    ['gemma3', { sliding_window_pattern: 4 }],
    ['gemma3', { layer_types: Array.from({ length: 6 }, () => 'sliding_attention') }],
    ['gemma3', { hidden_activation: 'gelu' }],
    ['gpt-oss', { swiglu_limit: 8 }],
    ['gpt-oss', { layer_types: ['full_attention', 'sliding_attention', 'full_attention', 'sliding_attention'] }],
    ['deepseek2-v2', { norm_topk_prob: true }],
    ['deepseek2-v2', { n_group: 2, topk_method: 'greedy' }],
    ['deepseek2-v3', { rope_interleave: false }],
    ['deepseek2-v3', { scoring_func: 'softmax' }],
    ['deepseek2-v3', { moe_layer_freq: 2 }],
    ['deepseek2-v3', { num_key_value_heads: 2 }],
    ['qwen3next', { norm_topk_prob: false }],
    ['qwen3next', { decoder_sparse_step: 2 }],
    ['qwen3next', { mlp_only_layers: [1] }],
    ['qwen35', { attn_output_gate: false }],
    ['phi3', { hidden_act: 'gelu' }],
    ['ministral3', { sliding_window: 16 }],
    ['ministral3', { model_type: 'mistral' }],
    ['smollm3', { use_sliding_window: true }],
    ['baichuan7', { z_loss_weight: 0 }],
    ['baichuan7', { num_hidden_layers: 31 }],
    ['minicpm3', { scale_emb: 11 }],
    ['minicpm3', { v_head_dim: 8 }],
    ['qwen', { seq_length: 128, use_logn_attn: true }],
    ['qwen3moe', { decoder_sparse_step: 2 }],
    ['qwen3moe', { sliding_window: 16, use_sliding_window: true }],
    ['qwen2moe', { mlp_only_layers: [0] }],
    ['olmoe', { clip_qkv: 8 }],
    ['glm4moe', { scoring_func: 'softmax' }],
    ['dots1', { layer_types: ['full_attention', 'sliding_attention', 'full_attention'] }],
    ['minimax-m2', { use_routing_bias: false }],
    ['ernie4_5-moe', { moe_layer_end_index: 1 }],
    ['ernie4_5-moe', { use_bias: true }],
    ['hunyuan-moe', { moe_topk: [2, 1] }],
    ['llama4', { attention_chunk_size: 16 }],
    ['llama4', { floor_scale: 16 }],
    ['llama4', { attn_temperature_tuning: false }],
    ['llama4', { no_rope_layers: [1, 1, 0, 1] }],
    ['llama4', { moe_layers: [0, 2] }],
    ['llama4', { use_qk_norm: false }],
    ['lfm2', { conv_bias: true }],
    ['lfm2moe', { norm_topk_prob: false }],
    ['lfm2moe', { routed_scaling_factor: 2 }],
    ['mamba', { use_bias: true }],
    ['falcon-mamba', { mixer_rms_eps: 1e-5 }],
    ['mamba2', { time_step_limit: [0.001, 0.1] }],
    ['jamba', { mamba_proj_bias: true }],
    ['granitehybrid', { hidden_act: 'gelu' }],
    ['falcon-h1', { mamba_rms_norm: true, mamba_norm_before_gate: true }],
    ['nemotron-h', { hybrid_override_pattern: 'M*XM' }],
    ['nemotron-h', { sliding_window: 16 }],
    ['gemma', { hidden_activation: 'gelu' }],
    ['gemma2', { layer_types: Array.from({ length: 4 }, () => 'sliding_attention') }],
    ['cohere2', { layer_types: ['full_attention', 'sliding_attention', 'full_attention', 'sliding_attention'] }],
    ['cohere2', { sliding_window_pattern: 2 }],
    ['glm', { head_dim: 32 }],
    ['olmo3', { hidden_act: 'gelu' }],
    ['gpt2', { activation_function: 'gelu' }],
    ['gpt2', { scale_attn_by_inverse_layer_idx: true }],
    ['gptneox', { hidden_act: 'relu' }],
    ['falcon', { alibi: true }],
    ['falcon', { parallel_attn: false }],
    ['starcoder', { multi_query: false }],
    ['starcoder2', { hidden_act: 'gelu' }],
    ['phi2', { qk_layernorm: true }],
    ['stablelm', { qk_layernorm: true }],
    ['bloom', { apply_residual_connection_post_layernorm: true }],
    ['mpt', { no_bias: false }],
    ['mpt', { attn_config: { alibi: true, qk_ln: true } }],
    ['nemotron', { mlp_bias: true }],
    ['modern-bert', { hidden_activation: 'relu' }],
    ['modern-bert', { layer_types: ['sliding_attention', 'sliding_attention', 'sliding_attention', 'full_attention'] }],
  ];
  for (const [name, config] of refused) {
    const key = Object.keys(config).at(-1)!;
    sharedTest(`${name}: ${JSON.stringify(config).slice(1, 80)}: refused`, files(referenceFolder(name)), async () => {
      using made = temporaryFolder();
      folderOf(folder(name), made.path, [tensorsOf(referenceFolder(name))], config);
      await expect(inspectModel(made.path)).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining(key) as string });
    });
  }

  // Run as the folder says, and not written: other programs run such a file as if it said the opposite.
  const alone = 'golden2/hf/qwen3moe-nonorm';
  sharedTest("qwen3moe: weights that are no shares of the chosen ones': the folder is run, no file is made", [`${alone}/model.safetensors`], async () => {
    using made = temporaryFolder();
    expect(Math.max(...(await referenceDistances('qwen3moe-nonorm', { backend: 'ref', cacheType: 'f32' }, '.')))).toBeLessThanOrEqual(
      referenceTolerance('qwen3moe-nonorm'),
    );
    const refused = { code: 'UNSUPPORTED', message: expect.stringContaining('norm_topk_prob') as string };
    await expect(convertModel(sharedPath(alone), join(made.path, 'x.gguf'))).rejects.toMatchObject(refused);
    await expect(quantize(sharedPath(alone), join(made.path, 'x.gguf'), { type: 'Q8_0' })).rejects.toMatchObject(refused);
    expect(readdirSync(made.path)).toEqual([]);
  });

  const tied = 'golden2/hf/falcon-h1-norm';
  sharedTest('falcon-h1: a table that is the output too, scaled by another number there, is run and not written', files(tied), async () => {
    using made = temporaryFolder();
    folderOf(sharedPath(tied), made.path, [tensorsOf(tied)], { lm_head_multiplier: 0.5 });
    const [half, whole] = await Promise.all([made.path, sharedPath(tied)].map((path) => logits(path, 'falcon-h1-norm', { backend: 'ref' })));
    expect(half).toEqual(whole!.map((x) => x / 2));
    const refused = { code: 'UNSUPPORTED', message: expect.stringContaining('lm_head_multiplier') as string };
    await expect(convertModel(made.path, join(made.path, 'x.gguf'))).rejects.toMatchObject(refused);
  });

  sharedTest('qwen35moe: experts in one tensor are those in many', files('golden/hf/qwen35moe'), async () => {
    using made = temporaryFolder();
    const tensors = tensorsOf('golden/hf/qwen35moe');
    const take = (layer: number, which: string) =>
      Array.from({ length: 8 }, (_, e) => {
        const key = `model.layers.${layer}.mlp.experts.${e}.${which}.weight`;
        const { bytes } = tensors.get(key)!;
        tensors.delete(key);
        return bytes;
      });
    for (let layer = 0; layer < 4; layer++) {
      const [gates, ups, downs] = [take(layer, 'gate_proj'), take(layer, 'up_proj'), take(layer, 'down_proj')];
      const key = `model.layers.${layer}.mlp.experts`;
      tensors.set(`${key}.gate_up_proj`, { dtype: 'BF16', shape: [8, 96, 64], bytes: Buffer.concat(gates.flatMap((g, e) => [g, ups[e]!])) });
      tensors.set(`${key}.down_proj`, { dtype: 'BF16', shape: [8, 64, 48], bytes: Buffer.concat(downs) });
    }
    folderOf(sharedPath('golden/hf/qwen35moe'), made.path, [tensors]);
    expect((await diffModels(made.path, sharedPath('golden/hf/qwen35moe'))).tensors).toEqual([]);
  });

  // Of text the models that see images are those that do not: every pair turns by the same place, whichever axis it belongs to.
  const seeing: [name: string, of: string, config: Record<string, unknown>][] = [
    ['qwen2vl', 'qwen2', { architectures: ['Qwen2_5_VLForConditionalGeneration'] }],
    ['qwen3vl', 'qwen3', { architectures: ['Qwen3VLForConditionalGeneration'] }],
    ['qwen3vlmoe', 'qwen3moe', { architectures: ['Qwen3VLMoeForConditionalGeneration'] }],
  ];
  for (const [architecture, name, config] of seeing) {
    sharedTest(`${architecture}: of text it is ${name}`, files(`golden/hf/${name}`), async () => {
      using made = temporaryFolder();
      const nested = architecture !== 'qwen2vl';
      const text = sharedJson<{ rope_theta?: number; rope_parameters?: { rope_theta: number }; num_local_experts?: number }>(`golden/hf/${name}/config.json`);
      const tensors: Tensors = new Map([['model.visual.patch_embed.proj.bias', { dtype: 'BF16', shape: [2], bytes: Buffer.alloc(4) }]]);
      for (const [key, t] of tensorsOf(`golden/hf/${name}`)) tensors.set(nested ? key.replace(/^model\./, 'model.language_model.') : key, t);
      if (architecture === 'qwen3vlmoe') joinTurned(tensors);
      const { rope_theta } = { ...text, ...text.rope_parameters };
      const rotation = { rope_type: 'default', rope_theta, mrope_interleaved: true, mrope_section: [6, 5, 5] };
      const older = { rope_parameters: null, rope_theta, rope_scaling: { type: 'mrope', mrope_section: [2, 3, 3] } };
      const inner = { ...text, num_experts: text.num_local_experts, rope_parameters: rotation };
      const vision = { deepstack_visual_indexes: [8, 16, 24] };
      folderOf(folder(name), made.path, [tensors], { ...config, ...(nested ? { text_config: inner, vision_config: vision } : older) });
      const file = join(made.path, 'x.gguf');
      await convertModel(made.path, file);
      const { metadata } = await inspectModel(file);
      expect(metadata.get('general.architecture')).toBe(architecture);
      expect(metadata.get(`${architecture}.rope.dimension_sections`)).toEqual(nested ? [6, 5, 5, 0] : [2, 3, 3, 0]);
      expect(metadata.get(`${architecture}.n_deepstack_layers`)).toBe(nested ? 3 : undefined);
      for (const backend of ['ref', 'cpu'] as const) {
        const wanted = await logits(folder(name), name, { backend });
        for (const path of [made.path, file]) expect(Buffer.from((await logits(path, name, { backend })).buffer).equals(Buffer.from(wanted.buffer))).toBe(true);
      }
    });
  }

  // Experts of all in one tensor each, rows and columns exchanged.
  function joinTurned(tensors: Tensors): void {
    const [experts, width, columns] = [8, 64, 48];
    const turned = (key: string, rows: number, cols: number): Buffer[] => {
      const { bytes } = tensors.get(key)!;
      tensors.delete(key);
      return Array.from({ length: cols }, (_, c) =>
        Buffer.concat(Array.from({ length: rows }, (_row, r) => bytes.subarray(2 * (r * cols + c), 2 * (r * cols + c) + 2))),
      );
    };
    for (let layer = 0; layer < 2; layer++) {
      const key = `model.language_model.layers.${layer}.mlp.experts`;
      const all = Array.from({ length: experts }, (_, e) => {
        const [gate, up] = [turned(`${key}.${e}.gate_proj.weight`, columns, width), turned(`${key}.${e}.up_proj.weight`, columns, width)];
        return { both: gate.flatMap((g, i) => [g, up[i]!]), down: turned(`${key}.${e}.down_proj.weight`, width, columns) };
      });
      tensors.set(`${key}.gate_up_proj`, { dtype: 'BF16', shape: [experts, width, 2 * columns], bytes: Buffer.concat(all.flatMap((a) => a.both)) });
      tensors.set(`${key}.down_proj`, { dtype: 'BF16', shape: [experts, columns, width], bytes: Buffer.concat(all.flatMap((a) => a.down)) });
    }
  }

  sharedTest('a tensor of a layer of another kind is refused, as one is that is missing', files('golden/hf/qwen35'), async () => {
    using made = temporaryFolder();
    const tensors = tensorsOf('golden/hf/qwen35');
    const key = 'model.layers.0.self_attn.v_proj.weight';
    folderOf(folder('qwen35'), made.path, [new Map([...tensors, [key, tensors.get(key.replace('0', '3'))!]])]);
    await expect(inspectModel(made.path)).rejects.toMatchObject({ code: 'FORMAT', message: expect.stringContaining(key) as string });
    tensors.delete('model.layers.1.linear_attn.dt_bias');
    folderOf(folder('qwen35'), made.path, [tensors]);
    await expect(inspectModel(made.path)).rejects.toMatchObject({
      code: 'FORMAT',
      message: expect.stringContaining('model.layers.1.linear_attn.dt_bias') as string,
    });
  });

  sharedTest('modules.json says how rows come together; what else it asks for is refused', files('golden2/embed/modern-bert'), async () => {
    using made = temporaryFolder();
    const name = 'golden2/embed/modern-bert';
    cpSync(sharedPath(name), made.path, { recursive: true });
    const says = (mode: object): void => writeFileSync(join(made.path, '1_Pooling', 'config.json'), JSON.stringify(mode));
    for (const [key, type] of [['pooling_mode_mean_tokens', 1] as const, ['pooling_mode_cls_token', 2] as const, ['pooling_mode_lasttoken', 3] as const]) {
      says({ [key]: true });
      expect((await inspectModel(made.path)).metadata.get('modern-bert.pooling_type')).toBe(type);
    }
    says({ pooling_mode_max_tokens: true });
    await expect(inspectModel(made.path)).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('pooling_mode_max_tokens') as string });
    writeFileSync(join(made.path, 'modules.json'), JSON.stringify([{ type: 'sentence_transformers.models.CNN', path: '2_CNN' }]));
    await expect(inspectModel(made.path)).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('CNN') as string });
    mkdirSync(join(made.path, '2_Dense'));
    writeFileSync(join(made.path, 'modules.json'), JSON.stringify([{ type: 'sentence_transformers.models.Dense', path: '2_Dense' }]));
    for (const [more, said] of [
      [{ activation_function: 'torch.nn.modules.activation.Tanh' }, 'Tanh'],
      [{ bias: true }, 'bias'],
    ] as const) {
      writeFileSync(join(made.path, '2_Dense', 'config.json'), JSON.stringify({ in_features: 64, out_features: 8, bias: false, ...more }));
      await expect(inspectModel(made.path)).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining(said) as string });
    }
    writeFileSync(join(made.path, 'modules.json'), JSON.stringify([{ type: 'sentence_transformers.models.Pooling', path: '../elsewhere' }]));
    await expect(inspectModel(made.path)).rejects.toMatchObject({ code: 'FORMAT', message: expect.stringContaining('../elsewhere') as string });
  });
});

describe('what folders store', () => {
  const original = (): Tensors => readSafetensors(join(folder('llama'), 'model.safetensors'));
  const matrix = (shape: readonly number[]): boolean => shape.length === 2;

  sharedTest('shards give what one file gives', llama, async () => {
    using made = temporaryFolder();
    const all = [...original()];
    folderOf(folder('llama'), made.path, [new Map(all.slice(0, 9)), new Map(all.slice(9, 10)), new Map(all.slice(10))]);
    const found = await diffModels(made.path, folder('llama'));
    expect(found).toEqual({ metadata: [{ key: 'general.name', what: 'value' }], tensors: [] });
  });

  sharedTest('F32 matrices stay F32, or are rounded once', llama, async () => {
    using made = temporaryFolder();
    const wide: Tensors = new Map([...original()].map(([name, t]) => [name, { ...t, dtype: 'F32', bytes: f32(floatsOf(t)) }]));
    folderOf(folder('llama'), made.path, [wide]);
    const found = await diffModels(made.path, folder('llama'));
    expect(found.tensors).toHaveLength(16);
    for (const t of found.tensors) expect(t).toMatchObject({ what: 'type', largest: 0 });
    const file = join(made.path, 'out.gguf');
    await convertModel(made.path, file, { type: 'bf16', name: 'llama' });
    expect((await diffModels(file, folder('llama'))).tensors).toEqual([]);
    await convertModel(made.path, file, { type: 'f16' });
    expect((await inspectModel(file)).metadata.get('general.file_type')).toBe(1);
    const half = await diffModels(file, folder('llama'));
    expect(Math.max(...half.tensors.map((t) => t.largest ?? 0))).toBeLessThan(1e-4);
  });

  sharedTest('data that are not aligned are read all the same', llama, async () => {
    using made = temporaryFolder();
    folderOf(folder('llama'), made.path, [
      new Map([['model.layers.0.self_attn.rotary_emb.inv_freq', { dtype: 'U8', shape: [1], bytes: Buffer.alloc(1) }], ...original()]),
    ]);
    expect((await diffModels(made.path, folder('llama'))).tensors).toEqual([]);
  });

  // Blocks of 32 x 48, which do not divide the matrices: edges have scales too.
  const scaled: [string, (rows: number, cols: number) => [number, number], string][] = [
    ['a scale a block', () => [32, 48], '_scale_inv'],
    ['a scale a row', (_, cols) => [1, cols], '_scale'],
    ['one scale', (rows, cols) => [rows, cols], '_scale'],
  ];
  for (const [kind, sides, suffix] of scaled) {
    sharedTest(`FP8 with ${kind} becomes BF16, rounded once`, llama, async () => {
      using small = temporaryFolder();
      using exact = temporaryFolder();
      const eighths: Tensors = new Map();
      const expected: Tensors = new Map();
      let seed = 1;
      for (const [name, t] of original()) {
        const [rows = 0, cols = 0] = t.shape;
        if (!matrix(t.shape) || !name.includes('proj')) {
          eighths.set(name, t);
          expected.set(name, t);
          continue;
        }
        const [high, wide] = sides(rows, cols);
        const across = Math.ceil(cols / wide);
        const codes = Buffer.from(
          Array.from({ length: rows * cols }, () => ((seed = (seed * 48271) % 0x7fffffff) % 8 === 0 ? seed % 127 : (seed >> 8) % 256)).map((c) =>
            (c & 0x7f) === 0x7f ? 0 : c,
          ),
        );
        const scales = Float32Array.from({ length: Math.ceil(rows / high) * across }, (_, i) => 0.001 + i * 0.000137);
        const scaleShape = kind === 'one scale' ? [] : kind === 'a scale a row' ? [rows, 1] : [Math.ceil(rows / high), across];
        eighths.set(name, { dtype: 'F8_E4M3', shape: t.shape, bytes: codes });
        eighths.set(name + suffix, { dtype: 'F32', shape: scaleShape, bytes: f32(scales) });
        const values = Float32Array.from(codes, (c, i) =>
          Math.fround(e4m3[c]! * scales[Math.floor(Math.floor(i / cols) / high) * across + Math.floor((i % cols) / wide)]!),
        );
        expected.set(name, { dtype: 'BF16', shape: t.shape, bytes: bf16(values) });
      }
      folderOf(folder('llama'), small.path, [eighths], { quantization_config: { quant_method: 'fp8', weight_block_size: [32, 48] } });
      folderOf(folder('llama'), exact.path, [expected]);
      expect((await diffModels(small.path, exact.path)).tensors).toEqual([]);
      const file = join(exact.path, 'out.gguf');
      await convertModel(small.path, file);
      expect((await diffModels(file, exact.path)).tensors).toEqual([]);
    });
  }

  sharedTest('other quantizations are refused by name', llama, async () => {
    using made = temporaryFolder();
    folderOf(folder('llama'), made.path, [original()], { quantization_config: { quant_method: 'gptq' } });
    await expect(convertModel(made.path, join(made.path, 'out.gguf'))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('gptq') as string,
    });
    expect(readdirSync(made.path).filter((n) => n.startsWith('out'))).toEqual([]);
  });

  sharedTest('rotations that are not run are refused', llama, async () => {
    using made = temporaryFolder();
    folderOf(folder('llama'), made.path, [original()], { rope_parameters: null, rope_theta: 10000, rope_scaling: { type: 'dynamic', factor: 2 } });
    await expect(loadModel(made.path)).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('dynamic') as string });
  });
});

describe('the output and the token table', () => {
  const original = (): Tensors => readSafetensors(join(folder('llama'), 'model.safetensors'));
  const table = 'model.embed_tokens.weight';
  const head = 'lm_head.weight';
  const own = (): Tensors => original(); // the reference's head has other values than its table
  const tied = { tie_word_embeddings: true };
  const names = async (path: string): Promise<string[]> => (await inspectModel(path)).tensors.map((t) => t.name);
  const values = async (path: string): Promise<Float32Array> => {
    await using model = await loadModel(path, { contextTokens: 64 });
    return await model.logits([11, 48, 85]);
  };

  sharedTest("a head of other values is the checkpoint's own, whatever the configuration says", llama, async () => {
    using made = temporaryFolder();
    folderOf(folder('llama'), made.path, [own()], tied);
    expect(await names(made.path)).toContain('output.weight');
    expect(await values(made.path)).toEqual(await values(folder('llama')));
    await convertModel(made.path, join(made.path, 'x.gguf'));
    expect(await values(join(made.path, 'x.gguf'))).toEqual(await values(folder('llama')));
  });

  sharedTest('one other value is enough, in another shard too', llama, async () => {
    using made = temporaryFolder();
    const tensors = own();
    const bytes = Buffer.from(tensors.get(table)!.bytes);
    bytes[bytes.length - 1]! ^= 1;
    tensors.set(head, { ...tensors.get(table)!, bytes });
    const all = [...tensors].sort(([a], [b]) => a.localeCompare(b));
    folderOf(folder('llama'), made.path, [new Map(all.filter(([n]) => n !== head)), new Map(all.filter(([n]) => n === head))], tied);
    expect(await names(made.path)).toContain('output.weight');
  });

  for (const [what, make] of [
    ['the same bytes', (t) => t.get(table)!],
    ['the same values in F32', (t) => ({ dtype: 'F32', shape: [320, 64], bytes: f32(floatsOf(t.get(table)!)) })],
  ] as [string, (t: Tensors) => StoredTensor][]) {
    sharedTest(`a head of ${what} is the table`, llama, async () => {
      using made = temporaryFolder();
      using without = temporaryFolder();
      const tensors = own();
      tensors.set(head, make(tensors));
      folderOf(folder('llama'), made.path, [tensors], tied);
      tensors.delete(head);
      folderOf(folder('llama'), without.path, [tensors], tied);
      expect(await names(made.path)).not.toContain('output.weight');
      expect(await values(made.path)).toEqual(await values(without.path));
    });
  }

  sharedTest('FP8 with scales is compared by its values', llama, async () => {
    using made = temporaryFolder();
    const tensors = own();
    const codes = Buffer.from(Array.from({ length: 320 * 64 }, (_, i) => (i * 7) % 120));
    const scale = (x: number): StoredTensor => ({ dtype: 'F32', shape: [], bytes: f32(Float32Array.of(x)) });
    for (const name of [table, head]) tensors.set(name, { dtype: 'F8_E4M3', shape: [320, 64], bytes: codes });
    tensors.set(`${table}_scale`, scale(0.01)).set(`${head}_scale`, scale(0.01));
    const config = { ...tied, quantization_config: { quant_method: 'fp8' } };
    folderOf(folder('llama'), made.path, [tensors], config);
    expect(await names(made.path)).not.toContain('output.weight');
    tensors.set(`${head}_scale`, scale(0.02));
    folderOf(folder('llama'), made.path, [tensors], config);
    expect(await names(made.path)).toContain('output.weight');
  });

  sharedTest('of a tied pair either may be the one that is stored; without either, or untied without a head: refused', llama, async () => {
    using swapped = temporaryFolder();
    using right = temporaryFolder();
    const tensors = own();
    tensors.delete(head);
    folderOf(folder('llama'), right.path, [tensors], tied);
    tensors.set(head, tensors.get(table)!).delete(table);
    folderOf(folder('llama'), swapped.path, [tensors], tied);
    expect(await values(swapped.path)).toEqual(await values(right.path));
    tensors.delete(head);
    folderOf(folder('llama'), swapped.path, [tensors], tied);
    await expect(loadModel(swapped.path)).rejects.toMatchObject({ code: 'FORMAT', message: expect.stringContaining(table) as string });
    const untied = own();
    untied.delete(head);
    for (const config of [{ tie_word_embeddings: false }, { tie_word_embeddings: undefined }]) {
      folderOf(folder('llama'), right.path, [untied], config);
      await expect(loadModel(right.path)).rejects.toMatchObject({
        code: 'FORMAT',
        message: expect.stringMatching(/tie_word_embeddings.*lm_head\.weight/) as string,
      });
    }
  });

  sharedTest('a head of another shape is refused by the setting', llama, async () => {
    using made = temporaryFolder();
    const tensors = own();
    const { bytes, ...rest } = tensors.get(head)!;
    tensors.set(head, { ...rest, shape: [319, 64], bytes: bytes.subarray(0, 319 * 128) });
    folderOf(folder('llama'), made.path, [tensors], tied);
    await expect(loadModel(made.path)).rejects.toMatchObject({ code: 'FORMAT', message: expect.stringMatching(/lm_head\.weight.*vocab_size/) as string });
  });
});

describe('which files are the weights', () => {
  const original = (): Tensors => readSafetensors(join(folder('llama'), 'model.safetensors'));
  const zeros = (tensors: Tensors): Tensors => new Map([...tensors].map(([n, t]) => [n, { ...t, bytes: Buffer.alloc(t.bytes.length) }]));
  const halves = (all: Tensors): Tensors[] => [new Map([...all].slice(0, 9)), new Map([...all].slice(9))];
  const difference = async (path: string) => (await diffModels(path, folder('llama'))).tensors;
  const code = async (path: string): Promise<string> => ((await loadModel(path).catch((e: unknown) => e)) as { code: string; message: string }).code;

  sharedTest('model.safetensors, before an index beside it', llama, async () => {
    using made = temporaryFolder();
    folderOf(folder('llama'), made.path, halves(zeros(original())));
    cpSync(join(folder('llama'), 'model.safetensors'), join(made.path, 'model.safetensors'));
    expect(await difference(made.path)).toEqual([]);
    writeFileSync(join(made.path, 'model.safetensors.index.json'), 'no JSON at all');
    expect(await difference(made.path)).toEqual([]);
    rmSync(join(made.path, 'model-00002-of-00002.safetensors'));
    expect(await difference(made.path)).toEqual([]);
  });

  sharedTest('a folder of that name is no file: then the index', llama, async () => {
    using made = temporaryFolder();
    folderOf(folder('llama'), made.path, halves(original()));
    mkdirSync(join(made.path, 'model.safetensors'));
    expect(await difference(made.path)).toEqual([]);
  });

  sharedTest('shards that are missing, or without an index, and other names: refused', llama, async () => {
    using made = temporaryFolder();
    folderOf(folder('llama'), made.path, halves(original()));
    rmSync(join(made.path, 'model-00002-of-00002.safetensors'));
    await expect(loadModel(made.path)).rejects.toMatchObject({ code: 'FILE', message: expect.stringContaining('model-00002-of-00002') as string });
    rmSync(join(made.path, 'model.safetensors.index.json'));
    await expect(loadModel(made.path)).rejects.toMatchObject({ code: 'FILE', message: expect.stringContaining('index') as string });
    rmSync(join(made.path, 'model-00001-of-00002.safetensors'));
    cpSync(join(folder('llama'), 'model.safetensors'), join(made.path, 'consolidated.safetensors'));
    await expect(loadModel(made.path)).rejects.toMatchObject({ code: 'UNSUPPORTED', message: expect.stringContaining('consolidated.safetensors') as string });
  });

  sharedTest('config.json may name them (transformers_weights)', llama, async () => {
    using made = temporaryFolder();
    folderOf(folder('llama'), made.path, [zeros(original())], { transformers_weights: 'other.safetensors' });
    expect(await code(made.path)).toBe('FILE');
    cpSync(join(folder('llama'), 'model.safetensors'), join(made.path, 'other.safetensors'));
    expect(await difference(made.path)).toEqual([]);
    for (const name of ['../x.safetensors', 'pytorch_model.bin', '']) {
      folderOf(folder('llama'), made.path, [original()], { transformers_weights: name });
      expect(name === '' ? (await difference(made.path)).length : await code(made.path)).toBe(name === '' ? 0 : 'FORMAT');
    }
  });
});

describe('settings that the tensors do not have', () => {
  // Whatever config.json says: refused with the name of the setting, or what is written loads.
  const settings: Record<string, readonly string[]> = {
    llama: [
      'num_hidden_layers',
      'hidden_size',
      'num_attention_heads',
      'num_key_value_heads',
      'head_dim',
      'intermediate_size',
      'vocab_size',
      'max_position_embeddings',
      'rms_norm_eps',
    ],
    qwen2: ['num_hidden_layers', 'hidden_size', 'num_attention_heads', 'num_key_value_heads', 'intermediate_size', 'vocab_size'],
    qwen3: ['num_hidden_layers', 'hidden_size', 'num_attention_heads', 'num_key_value_heads', 'head_dim', 'intermediate_size', 'vocab_size'],
    mixtral: ['num_local_experts', 'intermediate_size', 'num_experts_per_tok'],
    gemma3: ['num_hidden_layers', 'hidden_size', 'num_attention_heads', 'num_key_value_heads', 'intermediate_size', 'sliding_window'],
    'gpt-oss': ['num_hidden_layers', 'hidden_size', 'num_local_experts', 'intermediate_size', 'num_experts_per_tok', 'sliding_window'],
    'deepseek2-v3': [
      'q_lora_rank',
      'kv_lora_rank',
      'qk_nope_head_dim',
      'qk_rope_head_dim',
      'v_head_dim',
      'first_k_dense_replace',
      'n_routed_experts',
      'n_shared_experts',
      'moe_intermediate_size',
    ],
    qwen3moe: ['num_local_experts', 'moe_intermediate_size', 'num_experts_per_tok'],
    granitemoe: ['num_local_experts', 'intermediate_size'],
    glm4moe: ['first_k_dense_replace', 'n_routed_experts', 'n_shared_experts', 'moe_intermediate_size'],
    'ernie4_5-moe': ['moe_num_experts', 'moe_intermediate_size', 'moe_num_shared_experts', 'moe_layer_start_index'],
    'minimax-m2': ['num_local_experts', 'intermediate_size'],
    'hunyuan-moe': ['num_experts', 'intermediate_size'],
    llama4: ['num_local_experts', 'intermediate_size', 'intermediate_size_mlp'],
    qwen3next: ['num_experts', 'moe_intermediate_size', 'shared_expert_intermediate_size'],
    qwen35: ['linear_num_key_heads', 'linear_num_value_heads', 'linear_key_head_dim', 'linear_value_head_dim', 'linear_conv_kernel_dim'],
    'modern-bert': ['num_hidden_layers', 'hidden_size', 'intermediate_size', 'vocab_size', 'local_attention'],
    gemma2: ['num_hidden_layers', 'intermediate_size', 'sliding_window'],
    olmo3: ['num_key_value_heads', 'sliding_window'],
    'cohere-qknorm': ['num_key_value_heads'],
    glm4: ['intermediate_size', 'head_dim'],
    chatglm: ['num_layers', 'multi_query_group_num', 'ffn_hidden_size', 'seq_length'],
    gpt2: ['n_layer', 'n_embd', 'n_head', 'n_inner', 'n_positions', 'vocab_size'],
    gptneox: ['hidden_size', 'num_attention_heads'],
    falcon40: ['num_kv_heads', 'ffn_hidden_size', 'num_ln_in_parallel_attn'],
    'stablelm-12b': ['num_attention_heads', 'num_key_value_heads'],
    bloom: ['n_layer', 'n_head', 'hidden_size'],
    mpt: ['n_layers', 'd_model', 'n_heads', 'expansion_ratio', 'max_seq_len'],
  };
  const loaded = ['llama', 'qwen2', 'qwen3'];
  const shapeless = ['max_position_embeddings', 'rms_norm_eps', 'num_experts_per_tok'];
  for (const [name, keys] of Object.entries(settings)) {
    for (const key of keys) {
      sharedTest(`${name}: ${key}`, needs(name), async () => {
        using made = temporaryFolder();
        cpSync(folder(name), made.path, { recursive: true });
        const config = JSON.parse(readFileSync(join(folder(name), 'config.json'), 'utf8')) as Record<string, unknown>;
        const value = Number(config[key]);
        const out = join(made.path, 'x.gguf');
        for (const wrong of [value + 1, value - 1, value * 2, 0, -value, 2 ** 31, 1e18, 1e300, value + 0.5, String(value), '', null, [value], {}, true]) {
          writeFileSync(join(made.path, 'config.json'), JSON.stringify({ ...config, [key]: wrong }));
          const error = (await convertModel(made.path, out).then(
            () => undefined,
            (e: unknown) => e,
          )) as { code: string; message: string } | undefined;
          if (error) {
            expect([JSON.stringify(wrong), error.code, error.message]).toEqual([JSON.stringify(wrong), 'FORMAT', expect.stringContaining(key)]);
            expect(readdirSync(made.path).filter((n) => n.startsWith('x.gguf'))).toEqual([]);
          } else if (loaded.includes(name)) {
            await using model = await loadModel(out, { contextTokens: 32 });
            expect(shapeless.includes(key) || (wrong === null && model.info.heads === 4)).toBe(true);
          }
          rmSync(out, { force: true });
        }
      });
    }
  }

  sharedTest('a layer or tensor that is not there is named', llama, async () => {
    using made = temporaryFolder();
    const tensors = readSafetensors(join(folder('llama'), 'model.safetensors'));
    tensors.delete('model.layers.1.mlp.up_proj.weight');
    folderOf(folder('llama'), made.path, [tensors]);
    await expect(convertModel(made.path, join(made.path, 'x.gguf'))).rejects.toMatchObject({
      code: 'FORMAT',
      message: expect.stringContaining('model.layers.1.mlp.up_proj.weight') as string,
    });
  });
});

describe('what ends a generation', () => {
  const ends = async (path: string): Promise<number[]> => {
    await using model = await loadModel(path, { contextTokens: 64 });
    const found: number[] = [];
    for (const id of [1, 4, 6, 9]) {
      const logitBias = Object.fromEntries(Array.from({ length: 320 }, (_, i) => [i, i === id ? 0 : -Infinity]));
      if ((await model.generate('a', { maxTokens: 2, logitBias })).finish === 'stop') found.push(id);
    }
    return found;
  };
  // <|im_end|>, token 4 of these folders, is an end by its name.
  const cases: [string, unknown, unknown, number[]][] = [
    ['one in config.json', 1, undefined, [1, 4]],
    ['a list in config.json', [1, 9], undefined, [1, 4, 9]],
    ['a list in generation_config.json', 1, { eos_token_id: [1, 6] }, [1, 4, 6]],
    ['both', [9], { eos_token_id: 6 }, [1, 4, 6, 9]],
    ['four', [9, 1], { eos_token_id: [6, 4] }, [1, 4, 6, 9]],
    ['none in generation_config.json', 1, { eos_token_id: null }, [1, 4]],
  ];
  for (const [what, config, generation, expected] of cases) {
    sharedTest(`${what}: of the folder and of the file made of it`, llama, async () => {
      using made = temporaryFolder();
      folderOf(folder('llama'), made.path, [readSafetensors(join(folder('llama'), 'model.safetensors'))], { eos_token_id: config });
      if (generation) writeFileSync(join(made.path, 'generation_config.json'), JSON.stringify(generation));
      expect(await ends(made.path)).toEqual(expected);
      await convertModel(made.path, join(made.path, 'x.gguf'));
      expect(await ends(join(made.path, 'x.gguf'))).toEqual(expected);
    });
  }

  sharedTest('what is no token is refused by the file that says it', llama, async () => {
    using made = temporaryFolder();
    cpSync(folder('llama'), made.path, { recursive: true });
    for (const bad of [
      '{',
      '[]',
      '{"eos_token_id":"1"}',
      '{"eos_token_id":[1,-1]}',
      '{"eos_token_id":320}',
      '{"eos_token_id":1.5}',
      '{"eos_token_id":[[1]]}',
      '{"eos_token_id":{}}',
    ]) {
      writeFileSync(join(made.path, 'generation_config.json'), bad);
      await expect(loadModel(made.path)).rejects.toMatchObject({ code: 'FORMAT', message: expect.stringContaining('generation_config.json') as string });
    }
  });
});

describe('damaged folders', () => {
  const original = () => readFileSync(join(folder('llama'), 'model.safetensors'));
  const header = (bytes: Buffer): string => bytes.toString('utf8', 8, 8 + Number(bytes.readBigUInt64LE()));
  function withHeader(change: (text: string) => string): Buffer {
    const bytes = original();
    const text = Buffer.from(change(header(bytes)));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(text.length));
    return Buffer.concat([length, text, bytes.subarray(8 + header(bytes).length)]);
  }
  const lying = Buffer.alloc(16, 0xff);
  const cases: [string, () => Buffer | string, string, string?][] = [
    ['a length beyond the file', () => lying, 'FORMAT'],
    ['a file cut short', () => original().subarray(0, 100_000), 'FORMAT'],
    ['an empty file', () => '', 'FORMAT'],
    ['ranges that overlap', () => withHeader((t) => t.replace('[81920,82048]', '[81900,82028]')), 'FORMAT'],
    ['a range past the end', () => withHeader((t) => t.replace('[229888,230016]', '[229888,930016]')), 'FORMAT'],
    ['a shape that lies', () => withHeader((t) => t.replace('"shape":[320,64]', '"shape":[320,65]')), 'FORMAT'],
    ['a header that is no JSON', () => withHeader((t) => t.slice(0, -20)), 'FORMAT'],
    ['a header of 100 MB', () => withHeader(() => `{${' '.repeat(99_999_000)}`), 'FORMAT'],
    ['a tensor that no rule knows', () => withHeader((t) => t.replace('model.norm.weight', 'model.more.weight')), 'UNSUPPORTED', 'model.more.weight'],
    ['a config that is no JSON', () => '{', 'FORMAT'],
  ];
  for (const [what, bytes, code, word = ''] of cases) {
    sharedTest(`${what}: ${code}`, llama, async () => {
      using made = temporaryFolder();
      cpSync(folder('llama'), made.path, { recursive: true });
      writeFileSync(join(made.path, what.includes('config') ? 'config.json' : 'model.safetensors'), bytes());
      const error = { code, message: expect.stringContaining(word) as string };
      await expect(loadModel(made.path)).rejects.toMatchObject(error);
      await expect(convertModel(made.path, join(made.path, 'out.gguf'))).rejects.toMatchObject(error);
    });
  }

  sharedTest('an index in a circle', llama, async () => {
    using made = temporaryFolder();
    cpSync(folder('llama'), made.path, { recursive: true });
    rmSync(join(made.path, 'model.safetensors'));
    writeFileSync(join(made.path, 'model.safetensors.index.json'), JSON.stringify({ weight_map: { 'lm_head.weight': 'model.safetensors.index.json' } }));
    await expect(loadModel(made.path)).rejects.toMatchObject({ code: 'FORMAT' });
  });

  test('a folder without a model, and none', async () => {
    using made = temporaryFolder();
    await expect(loadModel(made.path)).rejects.toMatchObject({ code: 'FILE', message: expect.stringContaining('config.json') as string });
    await expect(convertModel(join(made.path, 'absent'), join(made.path, 'x'))).rejects.toMatchObject({ code: 'FILE' });
  });
});

describe('what is written', () => {
  // A table of 25 MB, twice, so that there is a middle.
  function largeFolder(to: string): void {
    const tensors = readSafetensors(join(folder('llama'), 'model.safetensors'));
    const rows = 200_000;
    tensors.set('model.embed_tokens.weight', { dtype: 'BF16', shape: [rows, 64], bytes: Buffer.alloc(rows * 128, 0x3c) });
    tensors.set('lm_head.weight', { dtype: 'BF16', shape: [rows, 64], bytes: Buffer.alloc(rows * 128, 0x3d) });
    mkdirSync(to);
    folderOf(folder('llama'), to, [tensors], { vocab_size: rows });
  }

  sharedTest('nothing is left of a run that was stopped', llama, async () => {
    using made = temporaryFolder();
    const [from, out] = [join(made.path, 'in'), join(made.path, 'x.gguf')];
    largeFolder(from);
    const reason = new Error('enough');
    await expect(
      convertModel(from, out, {
        onProgress: (f) => {
          if (f > 0) throw reason;
        },
      }),
    ).rejects.toBe(reason);
    const controller = new AbortController();
    await expect(convertModel(from, out, { onProgress: (f) => void (f > 0 && controller.abort(reason)), signal: controller.signal })).rejects.toBe(reason);
    await expect(convertModel(from, out, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(readdirSync(made.path)).toEqual(['in']);
  });

  sharedTest('a file of the folder is not written over', llama, async () => {
    using made = temporaryFolder();
    cpSync(folder('llama'), made.path, { recursive: true });
    const before = readFileSync(join(made.path, 'model.safetensors'));
    symlinkSync(join(made.path, 'model.safetensors'), join(made.path, 'link.gguf'));
    for (const name of ['model.safetensors', 'link.gguf'])
      await expect(convertModel(made.path, join(made.path, name))).rejects.toMatchObject({ code: 'ARGUMENT' });
    expect(readFileSync(join(made.path, 'model.safetensors')).equals(before)).toBe(true);
  });

  sharedTest('a folder that cannot be written to is a disk error', llama, async () => {
    await expect(convertModel(folder('llama'), '/absent/folder/x.gguf')).rejects.toMatchObject({ code: 'DISK' });
  });

  // A file system of 128 KB, which holds no copy of the model.
  const mounted =
    process.platform === 'linux' && spawnSync('sh', ['-c', 'd=$(mktemp -d) && mount -t tmpfs -o size=128k none $d && umount $d && rmdir $d']).status === 0;
  const onSmallDisk = mounted && hasShared(llama[0]!) ? test : test.skip;
  onSmallDisk('a full disk is an error that says so, and leaves nothing', async () => {
    using made = temporaryFolder();
    const disk = join(made.path, 'disk');
    mkdirSync(disk);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=128k', 'none', disk]).status).toBe(0);
    try {
      const full = { code: 'DISK', message: expect.stringContaining('full') as string };
      await expect(convertModel(folder('llama'), join(disk, 'x.gguf'))).rejects.toMatchObject(full);
      await expect(splitModel(join(folder('llama'), 'model-bf16.gguf'), join(disk, 'x'), { maxTensors: 18 })).rejects.toMatchObject(full);
      await expect(
        editModel(join(folder('llama'), 'model-bf16.gguf'), { set: [{ key: 'general.name', value: 'x' }], to: join(disk, 'x.gguf') }),
      ).rejects.toMatchObject(full);
      expect(readdirSync(disk).filter((n) => !n.includes('-of-'))).toEqual([]);
    } finally {
      spawnSync('umount', [disk]);
    }
  });

  // The child waits after each piece that it reports until it is told to go on, so a kill lands where it is meant to: while a known part
  // of the file is written. `whole` is what an undisturbed run writes.
  sharedTest(
    'a kill at any moment leaves the old file or none; the next run completes it',
    llama,
    async () => {
      using made = temporaryFolder();
      const [from, file, undisturbed] = [join(made.path, 'in'), join(made.path, 'out.gguf'), join(made.path, 'whole.gguf')];
      largeFolder(from);
      let pieces = 0;
      await convertModel(from, undisturbed, { onProgress: () => void pieces++ });
      const whole = readFileSync(undisturbed);
      rmSync(undisturbed);
      expect(pieces).toBeGreaterThan(10);
      const script = `
      const { readSync } = require('node:fs');
      const wait = () => { process.stdout.write('.'); readSync(0, Buffer.alloc(1)); };
      require(${JSON.stringify(root)}).convertModel(${JSON.stringify(from)}, ${JSON.stringify(file)}, { onProgress: wait }).then(() => process.stdout.write('done'));`;
      const killedAfter = async (reports: number): Promise<string> => {
        const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
        let said = '';
        const closed = new Promise((resolve) => child.once('close', resolve));
        child.stdout.on('data', (bytes: Buffer) => {
          for (const c of bytes.toString())
            if ((said += c).length >= reports) child.kill('SIGKILL');
            else child.stdin.write('x');
        });
        child.stdin.on('error', () => undefined);
        await closed;
        return said;
      };
      for (const old of [undefined, Buffer.from('the old file')]) {
        rmSync(file, { force: true });
        if (old) writeFileSync(file, old);
        for (const reports of [2, 3]) {
          // the first, 0, comes before anything is written
          expect(await killedAfter(reports)).toMatch(/^\.+$/); // it was not done
          expect(existsSync(`${file}.partial`)).toBe(true);
          expect(existsSync(file) ? readFileSync(file) : undefined).toEqual(old);
        }
      }
      await convertModel(from, file, { name: 'in' });
      expect(readFileSync(file).equals(whole)).toBe(true);
      expect(readdirSync(made.path).sort()).toEqual(['in', 'out.gguf']);
    },
    120_000,
  );

  sharedTest('a file that is replaced gives the new one its mode; a link stays', llama, async () => {
    using made = temporaryFolder();
    const [file, link] = [join(made.path, 'x.gguf'), join(made.path, 'link.gguf')];
    writeFileSync(file, 'old');
    chmodSync(file, 0o640);
    symlinkSync('x.gguf', link);
    await convertModel(folder('llama'), link);
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(readdirSync(made.path).sort()).toEqual(['link.gguf', 'x.gguf']);
    expect((await inspectModel(file)).tensors.length).toBeGreaterThan(10);
  });
});

describe('tokenizers of folders', () => {
  const gpt2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
  const llama3 = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  const split = (Regex: string) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false });
  const bytes = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const digits = { type: 'Digits', individual_digits: true };
  const sequence = (...pretokenizers: object[]) => ({ type: 'Sequence', pretokenizers });
  const pretokenizers: Record<string, object> = {
    'gpt-2': { ...bytes, use_regex: true },
    'llama-bpe': sequence(split(llama3), bytes),
    qwen2: sequence(split(llama3.replace('{1,3}', '')), bytes),
    starcoder: sequence(digits, split(gpt2), bytes),
    'deepseek-coder': sequence(...['[\r\n]', '\\s?\\p{L}+', '\\s?\\p{P}+', '[一-龥ࠀ-一가-퟿]+'].map(split), digits, bytes),
  };

  /** A folder with the vocabulary of a GGUF file, as "tokenizers" would write it. */
  async function vocabularyFolder(name: string, to: string): Promise<void> {
    const { metadata } = await inspectModel(sharedPath(`vectors/tokenizer/${name}.gguf`));
    const list = <T extends MetadataValue>(key: string) => (metadata.get(`tokenizer.ggml.${key}`) as readonly T[] | undefined) ?? [];
    const [tokens, kinds] = [list<string>('tokens'), list<number>('token_type')];
    const vocab = Object.fromEntries(tokens.map((text, id) => [text, id]));
    const added = tokens.flatMap((content, id) =>
      kinds[id] === 3 || kinds[id] === 4
        ? [{ id, content, special: kinds[id] === 3, normalized: false, lstrip: false, rstrip: false, single_word: false }]
        : [],
    );
    const spm = metadata.get('tokenizer.ggml.model') === 'llama';
    const model = spm
      ? { type: 'BPE', byte_fallback: true, unk_token: '<unk>', vocab, merges: mergesByScore(tokens, kinds, list<number>('scores'), vocab) }
      : { type: 'BPE', ignore_merges: name === 'llama-bpe', vocab, merges: list<string>('merges') };
    const normalizer = spm
      ? {
          type: 'Sequence',
          normalizers: [
            { type: 'Prepend', prepend: '▁' },
            { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
          ],
        }
      : null;
    writeFileSync(join(to, 'config.json'), JSON.stringify({ architectures: ['LlamaForCausalLM'], vocab_size: tokens.length + 3 }));
    writeFileSync(
      join(to, 'tokenizer.json'),
      JSON.stringify({ added_tokens: added, normalizer, pre_tokenizer: spm ? null : pretokenizers[name], post_processor: null, model }),
    );
  }

  // As transformers writes merges for a SentencePiece model: every way to make a token of two others, the best scores first.
  function mergesByScore(tokens: readonly string[], kinds: readonly number[], scores: readonly number[], vocab: Record<string, number>): [string, string][] {
    const normal = (text: string): boolean => Object.hasOwn(vocab, text) && kinds[vocab[text]!] === 1;
    const order = tokens
      .map((_, id) => id)
      .filter((id) => kinds[id] === 1)
      .sort((a, b) => scores[b]! - scores[a]!);
    return order.flatMap((id) => {
      const letters = [...tokens[id]!];
      return letters
        .slice(1)
        .map((_, i): [string, string] => [letters.slice(0, i + 1).join(''), letters.slice(i + 1).join('')])
        .filter(([a, b]) => normal(a) && normal(b));
    });
  }

  for (const name of [...Object.keys(pretokenizers), 'llama-spm']) {
    sharedTest(`${name}: texts become the reference's tokens`, [`vectors/tokenizer/${name}.gguf`, `vectors/tokenizer/${name}.json`], async () => {
      using made = temporaryFolder();
      await vocabularyFolder(name, made.path);
      const tokenizer = await loadTokenizer(made.path);
      const { cases } = sharedJson<{ cases: { text: string; plain: number[] }[] }>(`vectors/tokenizer/${name}.json`);
      expect(cases.length).toBeGreaterThan(10);
      for (const { text, plain } of cases) expect([...tokenizer.encode(text)]).toEqual(plain);
    });
  }

  sharedTest('a way to cut text that is not built is named', llama, async () => {
    using made = temporaryFolder();
    cpSync(folder('llama'), made.path, { recursive: true });
    const text = readFileSync(join(made.path, 'tokenizer.json'), 'utf8');
    writeFileSync(join(made.path, 'tokenizer.json'), text.replace('{1,3}', '{1,3}(?<four>x)'));
    await expect(loadTokenizer(made.path)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('this kind of group is not built') as string,
    });
  });

  sharedTest('templates by name, and one in a file of its own', llama, async () => {
    using made = temporaryFolder();
    cpSync(folder('llama'), made.path, { recursive: true });
    const templates = [
      { name: 'default', template: 'plain' },
      { name: 'tool use', template: 'tools' },
    ];
    writeFileSync(
      join(made.path, 'tokenizer_config.json'),
      JSON.stringify({ chat_template: templates, bos_token: { content: '<|begin|>' }, add_bos_token: true }),
    );
    const named = (await inspectModel(made.path)).metadata;
    expect(named.get('tokenizer.chat_template')).toBe('plain');
    expect(named.get('tokenizer.chat_template.tool_use')).toBe('tools');
    expect(named.get('tokenizer.chat_templates')).toEqual(['tool_use']);
    expect(named.get('tokenizer.ggml.add_bos_token')).toBe(true);
    writeFileSync(join(made.path, 'chat_template.jinja'), 'a file of its own');
    expect((await inspectModel(made.path)).metadata.get('tokenizer.chat_template')).toBe('a file of its own');
  });

  // ModelProto of SentencePiece, in protobuf's wire format.
  sharedTest('tokenizer.model is read', llama, async () => {
    using made = temporaryFolder();
    const field = (number: number, type: number, payload: Buffer) =>
      Buffer.concat([Buffer.from([(number << 3) | type]), ...(type === 2 ? [Buffer.from([payload.length])] : []), payload]);
    const float = (x: number) => f32(Float32Array.of(x));
    const piece = (text: string, score: number, kind: number) =>
      field(1, 2, Buffer.concat([field(1, 2, Buffer.from(text)), field(2, 5, float(score)), field(3, 0, Buffer.from([kind]))]));
    const pieces = [
      piece('<unk>', 0, 2),
      piece('<s>', 0, 3),
      piece('</s>', 0, 3),
      piece('▁', -3, 1),
      piece('a', -4, 1),
      piece('b', -5, 1),
      piece('ab', -1, 1),
      piece('▁ab', -2, 1),
    ];
    const model = (kind: number) =>
      Buffer.concat([
        ...pieces,
        field(2, 2, field(3, 0, Buffer.from([kind]))),
        field(3, 2, Buffer.concat([field(3, 0, Buffer.from([1])), field(4, 0, Buffer.from([0]))])),
      ]);
    writeFileSync(
      join(made.path, 'config.json'),
      JSON.stringify({ architectures: ['LlamaForCausalLM'], vocab_size: 10, bos_token_id: 1, eos_token_id: [2, 1] }),
    );
    writeFileSync(join(made.path, 'tokenizer.model'), model(2));
    const tokenizer = await loadTokenizer(made.path);
    expect([...tokenizer.encode('abab a')]).toEqual([7, 6, 3, 4]);
    expect((await inspectModel(made.path).catch(() => undefined))?.metadata).toBeUndefined(); // no weights: a tokenizer is all that it is
    writeFileSync(join(made.path, 'tokenizer.model'), model(1)); // by probability
    expect([...(await loadTokenizer(made.path)).encode('abab a')]).toEqual([7, 6, 3, 4]);
    writeFileSync(join(made.path, 'tokenizer.model'), model(3));
    await expect(loadTokenizer(made.path)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    writeFileSync(join(made.path, 'tokenizer.model'), model(2).subarray(0, 31));
    await expect(loadTokenizer(made.path)).rejects.toMatchObject({ code: 'FORMAT' });
  });

  test('a safetensors file that this test writes is read by its rules', () => {
    const tensors: Tensors = new Map([['a', { dtype: 'F32', shape: [2], bytes: f32(Float32Array.of(1, 2)) }]]);
    using made = temporaryFolder();
    writeFileSync(join(made.path, 'x'), safetensors(tensors));
    expect(readSafetensors(join(made.path, 'x'))).toEqual(tensors);
  });
});
