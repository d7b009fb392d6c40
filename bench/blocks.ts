// A model of each block, in the shapes that are published: of large ones a few layers, with random weights in the types that their
// files come in. Vocabularies are cut to 32000, so that what is timed are layers.
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { writeGguf, type Meta } from '../test/fixtures/gguf-writer';
import { TensorMaker } from '../test/fixtures/tensor-maker';
import { bpeVocabulary, spmVocabulary } from '../test/fixtures/vocabularies';
import { weightTypes, type WeightTypeName } from '../test/fixtures/weight-types';

type Keys = Record<string, Meta | number | readonly number[] | boolean>; // numbers that are whole are u32
type TypeOf = (name: string, layer: number, columns: number) => WeightTypeName;

interface BlockModel {
  architecture: string;
  width: number;
  layers: number;
  vocabulary: number;
  tied?: boolean;
  type: TypeOf;
  keys: Keys; // behind the architecture's name
  words: Record<string, Meta>;
  layer: (m: Layer, i: number) => void;
  ends?: (make: TensorMaker) => void; // besides the token table, the head and the last norm
  encodes?: boolean; // texts: no head and no last norm
}

// The tensors of one layer.
class Layer {
  constructor(
    private readonly make: TensorMaker,
    private readonly index: number,
    private readonly width: number,
  ) {}

  private name = (name: string) => `blk.${this.index}.${name}`;

  norms(...names: string[]): void {
    for (const name of names) this.vector(`${name}.weight`, this.width, 1, 0.1);
  }
  vector(name: string, columns: number, mean = 0, spread = 0.1): void {
    this.make.vector(this.name(name), columns, mean, spread);
  }
  table(name: string, rows: number, columns: number, mean = 0, spread = 0.1): void {
    this.make.table(this.name(name), rows, columns, mean, spread);
  }
  /** Of rows of `width` columns, unless said otherwise. */
  matrix(name: string, rows: number, columns = this.width): void {
    this.make.matrix(this.name(`${name}.weight`), rows, columns, this.index);
  }
  biased(name: string, rows: number, columns = this.width): void {
    this.matrix(name, rows, columns);
    this.vector(`${name}.bias`, rows);
  }
  attention(query: number, kv: number, head: number, { bias = false, norms = false } = {}): void {
    const put = (name: string, rows: number, columns?: number) => (bias ? this.biased(name, rows, columns) : this.matrix(name, rows, columns));
    put('attn_q', query * head);
    put('attn_k', kv * head);
    put('attn_v', kv * head);
    put('attn_output', this.width, query * head);
    if (norms) for (const name of ['attn_q_norm', 'attn_k_norm']) this.vector(`${name}.weight`, head, 1);
  }
  gated(inner: number, suffix = ''): void {
    this.matrix(`ffn_gate${suffix}`, inner);
    this.matrix(`ffn_up${suffix}`, inner);
    this.matrix(`ffn_down${suffix}`, this.width, inner);
  }
  /** A small matrix for each head. */
  heads(name: string, count: number, rows: number, columns: number): void {
    this.make.matrix(this.name(`${name}.weight`), rows, columns, this.index, count);
  }
  experts(count: number, inner: number, bias = false): void {
    this.table('ffn_gate_inp.weight', count, this.width, 0, 0.02);
    for (const [name, rows, columns] of [
      ['ffn_gate_exps', inner, this.width],
      ['ffn_up_exps', inner, this.width],
      ['ffn_down_exps', this.width, inner],
    ] as const) {
      this.make.matrix(this.name(`${name}.weight`), rows, columns, this.index, count);
      if (bias) this.table(`${name}.bias`, count, rows);
    }
    if (bias) this.vector('ffn_gate_inp.bias', count);
  }
}

// The mixes that llama.cpp's quantizer makes, and what it takes for rows that are no multiple of 256.
function mixed(usual: WeightTypeName, more: WeightTypeName, fallBack: WeightTypeName, layers: number): TypeOf {
  return (name, layer, columns) => {
    if (/ssm_alpha|ssm_beta/.test(name)) return 'F32';
    const eighth = layers / 8;
    const rises = /attn_v|ffn_down/.test(name) && (layer < eighth || layer >= 7 * eighth || (layer - Math.floor(eighth)) % 3 === 2);
    const type = layer < 0 ? 'Q6_K' : rises ? more : usual;
    if (columns % weightTypes[type].values === 0) return type;
    return type === 'Q6_K' ? 'Q8_0' : fallBack;
  };
}
const q4KM = (layers: number) => mixed('Q4_K', 'Q6_K', 'Q5_0', layers);
const only =
  (type: WeightTypeName): TypeOf =>
  () =>
    type;

const bpe = bpeVocabulary(32000, 'qwen2');
const rms = { 'attention.layer_norm_rms_epsilon': 1e-6 };
const heads = (query: number, kv: number, head: number): Keys => ({
  'attention.head_count': query,
  'attention.head_count_kv': kv,
  'attention.key_length': head,
  'attention.value_length': head,
});
const expertKeys = (count: number, used: number, inner: number): Keys => ({
  expert_count: count,
  expert_used_count: used,
  expert_feed_forward_length: inner,
});

// Qwen3-30B-A3B
const qwen3moe = (layers: number, type: TypeOf): BlockModel => ({
  architecture: 'qwen3moe',
  width: 2048,
  layers,
  vocabulary: 32000,
  type,
  words: bpe,
  keys: { ...rms, ...heads(32, 4, 128), ...expertKeys(128, 8, 768), feed_forward_length: 6144, 'rope.freq_base': 1e6 },
  layer: (m) => {
    m.norms('attn_norm', 'ffn_norm');
    m.attention(32, 4, 128, { norms: true });
    m.experts(128, 768);
  },
});

// The layers of Qwen 3.5 that are no full attention: the gated delta rule of `keyHeads` and `valueHeads` heads of 128.
function deltaLayer(m: Layer, width: number, keyHeads: number, valueHeads: number): void {
  m.matrix('attn_qkv', (2 * keyHeads + valueHeads) * 128);
  m.matrix('attn_gate', valueHeads * 128);
  m.matrix('ssm_alpha', valueHeads);
  m.matrix('ssm_beta', valueHeads);
  m.table('ssm_conv1d.weight', (2 * keyHeads + valueHeads) * 128, 4, 0, 0.3);
  m.vector('ssm_a', valueHeads, -1);
  m.vector('ssm_dt.bias', valueHeads);
  m.vector('ssm_norm.weight', 128, 1);
  m.matrix('ssm_out', width, valueHeads * 128);
}

const deltaKeys = (keyHeads: number, valueHeads: number): Keys => ({
  'rope.freq_base': 1e7,
  'rope.dimension_count': 64,
  'rope.dimension_sections': ['i32[]', [11, 11, 10, 0]],
  full_attention_interval: 4,
  'ssm.conv_kernel': 4,
  'ssm.state_size': 128,
  'ssm.group_count': keyHeads,
  'ssm.time_step_rank': valueHeads,
  'ssm.inner_size': valueHeads * 128,
});

// A full layer's query matrix holds a gate beside each head.
function gatedAttention(m: Layer, width: number, query: number, kv: number): void {
  m.matrix('attn_q', 2 * query * 256);
  m.matrix('attn_k', kv * 256);
  m.matrix('attn_v', kv * 256);
  m.matrix('attn_output', width, query * 256);
  for (const name of ['attn_q_norm', 'attn_k_norm']) m.vector(`${name}.weight`, 256, 1);
}

// bge-small-en-v1.5
const bert = (type: WeightTypeName): BlockModel => ({
  architecture: 'bert',
  width: 384,
  layers: 12,
  vocabulary: 30522,
  encodes: true,
  type: only(type),
  words: { ...bpeVocabulary(30522, 'qwen2'), 'tokenizer.ggml.token_type_count': ['u32', 2] },
  keys: {
    'attention.head_count': 12,
    'attention.layer_norm_epsilon': ['f32', 1e-12],
    'attention.causal': false,
    feed_forward_length: 1536,
    pooling_type: 2,
    context_length: 512,
  },
  ends: (make) => {
    make.table('position_embd.weight', 512, 384, 0, 0.1);
    make.table('token_types.weight', 2, 384, 0, 0.1);
    make.vector('token_embd_norm.weight', 384, 1, 0.1);
    make.vector('token_embd_norm.bias', 384, 0, 0.1);
  },
  layer: (m) => {
    m.attention(12, 12, 32, { bias: true });
    m.biased('ffn_up', 1536);
    m.biased('ffn_down', 384, 1536);
    for (const name of ['attn_output_norm', 'layer_output_norm']) {
      m.norms(name);
      m.vector(`${name}.bias`, 384);
    }
  },
});

export const blockModels: Readonly<Record<string, () => BlockModel>> = {
  // Gemma 3 1B
  gemma3: () => ({
    architecture: 'gemma3',
    width: 1152,
    layers: 26,
    vocabulary: 32000,
    tied: true,
    type: q4KM(26),
    words: spmVocabulary(32000),
    keys: { ...rms, ...heads(4, 1, 256), feed_forward_length: 6912, 'attention.sliding_window': 512, 'rope.freq_base': 1e6 },
    layer: (m) => {
      m.norms('attn_norm', 'post_attention_norm', 'ffn_norm', 'post_ffw_norm');
      m.attention(4, 1, 256, { norms: true });
      m.gated(6912);
    },
  }),
  qwen3moe: () => qwen3moe(4, q4KM(4)),
  'qwen3moe-iq4xs': () => qwen3moe(2, mixed('IQ4_XS', 'IQ4_XS', 'IQ4_NL', 2)),
  'qwen3moe-q8': () => qwen3moe(2, only('Q8_0')),
  // gpt-oss 20B
  'gpt-oss': () => ({
    architecture: 'gpt-oss',
    width: 2880,
    layers: 4,
    vocabulary: 32000,
    type: (name) => (/_exps/.test(name) ? 'MXFP4' : 'Q8_0'),
    words: bpeVocabulary(32000, 'qwen2'),
    keys: {
      'attention.layer_norm_rms_epsilon': ['f32', 1e-5],
      ...heads(64, 8, 64),
      ...expertKeys(32, 4, 2880),
      feed_forward_length: 2880,
      'attention.sliding_window': 128,
      'rope.freq_base': 150000,
      'rope.scaling.type': ['string', 'yarn'],
      'rope.scaling.factor': 32,
      'rope.scaling.original_context_length': 4096,
    },
    layer: (m) => {
      m.norms('attn_norm', 'post_attention_norm');
      m.attention(64, 8, 64, { bias: true });
      m.vector('attn_sinks.weight', 64);
      m.experts(32, 2880, true);
    },
  }),
  // Qwen3.5 0.8B
  qwen35: () => ({
    architecture: 'qwen35',
    width: 1024,
    layers: 24,
    vocabulary: 32000,
    tied: true,
    type: q4KM(24),
    words: bpe,
    keys: { ...rms, ...heads(8, 2, 256), ...deltaKeys(16, 16), feed_forward_length: 3584 },
    layer: (m, i) => {
      m.norms('attn_norm', 'post_attention_norm');
      if (i % 4 === 3) gatedAttention(m, 1024, 8, 2);
      else deltaLayer(m, 1024, 16, 16);
      m.gated(3584);
    },
  }),
  // Qwen3.5 35B-A3B
  qwen35moe: () => ({
    architecture: 'qwen35moe',
    width: 2048,
    layers: 4,
    vocabulary: 32000,
    type: q4KM(4),
    words: bpe,
    keys: { ...rms, ...heads(16, 2, 256), ...deltaKeys(16, 32), ...expertKeys(256, 8, 512), expert_shared_feed_forward_length: 512 },
    layer: (m, i) => {
      m.norms('attn_norm', 'post_attention_norm');
      if (i % 4 === 3) gatedAttention(m, 2048, 16, 2);
      else deltaLayer(m, 2048, 16, 32);
      m.experts(256, 512);
      m.gated(512, '_shexp');
      m.vector('ffn_gate_inp_shexp.weight', 2048, 0, 0.02);
    },
  }),
  // Gemma 4 E2B: layers of local attention but for every fifth, the later half with the keys of earlier ones.
  gemma4: () => ({
    architecture: 'gemma4',
    width: 1536,
    layers: 20,
    vocabulary: 32000,
    tied: true,
    type: q4KM(20),
    words: spmVocabulary(32000),
    keys: {
      ...rms,
      'attention.head_count': 8,
      'attention.head_count_kv': 1,
      'attention.key_length': 512,
      'attention.value_length': 512,
      'attention.key_length_swa': 256,
      'attention.value_length_swa': 256,
      'attention.sliding_window': 512,
      'attention.sliding_window_pattern': ['bool[]', Array.from({ length: 20 }, (_, i) => i % 5 !== 4)],
      'attention.shared_kv_layers': 10,
      embedding_length_per_layer_input: 256,
      feed_forward_length: 6144,
      'rope.freq_base': 1e6,
      'rope.freq_base_swa': 10000,
      'rope.dimension_count': 512,
      'rope.dimension_count_swa': 256,
      final_logit_softcapping: ['f32', 30],
    },
    ends: (make) => {
      make.vector('rope_freqs.weight', 256, 1, 0);
      make.matrix('per_layer_token_embd.weight', 32000, 20 * 256);
      make.matrix('per_layer_model_proj.weight', 20 * 256, 1536);
      make.vector('per_layer_proj_norm.weight', 256, 1, 0.1);
    },
    layer: (m, i) => {
      const head = i % 5 === 4 ? 512 : 256;
      m.norms('attn_norm', 'post_attention_norm', 'ffn_norm', 'post_ffw_norm', 'post_norm');
      m.attention(8, 1, head, { norms: true });
      m.gated(6144);
      m.matrix('inp_gate', 256);
      m.matrix('proj', 1536, 256);
      m.vector('layer_output_scale.weight', 1, 1, 0);
    },
  }),
  // LFM2 1.2B
  lfm2: () => {
    const attends = [2, 5, 8, 10, 12, 14];
    return {
      architecture: 'lfm2',
      width: 2048,
      layers: 16,
      vocabulary: 32000,
      tied: true,
      type: q4KM(16),
      words: bpe,
      keys: {
        ...rms,
        'attention.head_count': 32,
        'attention.head_count_kv': ['i32[]', Array.from({ length: 16 }, (_, i) => (attends.includes(i) ? 8 : 0))],
        feed_forward_length: 8192,
        'rope.freq_base': 1e6,
        'shortconv.l_cache': 3,
        vocab_size: 32000,
      },
      ends: (make) => make.vector('token_embd_norm.weight', 2048, 1, 0.1),
      layer: (m, i) => {
        m.norms('attn_norm', 'ffn_norm');
        if (attends.includes(i)) m.attention(32, 8, 64, { norms: true });
        else {
          m.table('shortconv.conv.weight', 2048, 3, 0, 0.3);
          m.matrix('shortconv.in_proj', 3 * 2048);
          m.matrix('shortconv.out_proj', 2048);
        }
        m.gated(8192);
      },
    };
  },
  // Mamba 2 1.3B
  mamba2: () => ({
    architecture: 'mamba2',
    width: 2048,
    layers: 24,
    vocabulary: 32000,
    tied: true,
    type: q4KM(24),
    words: bpeVocabulary(32000, 'qwen2'),
    keys: {
      'attention.layer_norm_rms_epsilon': ['f32', 1e-5],
      'attention.head_count': 0,
      feed_forward_length: 0,
      'ssm.conv_kernel': 4,
      'ssm.inner_size': 4096,
      'ssm.state_size': 128,
      'ssm.time_step_rank': 64,
      'ssm.group_count': 1,
    },
    layer: (m) => {
      m.norms('attn_norm');
      m.matrix('ssm_in', 2 * 4096 + 2 * 128 + 64);
      m.table('ssm_conv1d.weight', 4096 + 256, 4, 0, 0.3);
      m.vector('ssm_conv1d.bias', 4096 + 256);
      m.vector('ssm_dt.bias', 64);
      m.table('ssm_a', 64, 1, -1);
      m.table('ssm_d', 64, 1, 1);
      m.table('ssm_norm.weight', 1, 4096, 1);
      m.matrix('ssm_out', 2048, 4096);
    },
  }),
  // DeepSeek V2 Lite, with the factored queries of the larger models: llama.cpp knows the lite one by its 27 layers.
  deepseek2: () => ({
    architecture: 'deepseek2',
    width: 2048,
    layers: 4,
    vocabulary: 32000,
    type: q4KM(4),
    words: bpe,
    keys: {
      ...rms,
      ...expertKeys(64, 6, 1408),
      'attention.head_count': 16,
      'attention.head_count_kv': 1,
      'attention.q_lora_rank': 1536,
      'attention.kv_lora_rank': 512,
      'attention.key_length': 576,
      'attention.value_length': 512,
      'attention.key_length_mla': 192,
      'attention.value_length_mla': 128,
      'rope.dimension_count': 64,
      'rope.freq_base': 10000,
      feed_forward_length: 10944,
      leading_dense_block_count: 1,
      expert_shared_count: 2,
      expert_weights_scale: ['f32', 1],
      expert_gating_func: 1,
      vocab_size: 32000,
    },
    layer: (m, i) => {
      m.norms('attn_norm', 'ffn_norm');
      m.matrix('attn_q_a', 1536);
      m.vector('attn_q_a_norm.weight', 1536, 1);
      m.matrix('attn_q_b', 16 * 192, 1536);
      m.matrix('attn_kv_a_mqa', 576);
      m.vector('attn_kv_a_norm.weight', 512, 1);
      m.heads('attn_k_b', 16, 512, 128);
      m.heads('attn_v_b', 16, 128, 512);
      m.matrix('attn_output', 2048, 16 * 128);
      if (i === 0) m.gated(10944);
      else {
        m.experts(64, 1408);
        m.gated(2 * 1408, '_shexp');
      }
    },
  }),
  // Pythia 1B
  gptneox: () => ({
    architecture: 'gptneox',
    width: 2048,
    layers: 16,
    vocabulary: 32000,
    type: q4KM(16),
    words: bpeVocabulary(32000, 'qwen2'),
    keys: {
      'attention.layer_norm_epsilon': ['f32', 1e-5],
      'attention.head_count': 8,
      feed_forward_length: 8192,
      'rope.dimension_count': 64,
      use_parallel_residual: true,
    },
    ends: (make) => make.vector('output_norm.bias', 2048, 0, 0.1),
    layer: (m) => {
      for (const name of ['attn_norm', 'ffn_norm']) {
        m.norms(name);
        m.vector(`${name}.bias`, 2048);
      }
      m.biased('attn_qkv', 3 * 2048);
      m.biased('attn_output', 2048);
      m.biased('ffn_up', 8192);
      m.biased('ffn_down', 2048, 8192);
    },
  }),
  bert: () => bert('F16'),
  'bert-q8': () => bert('Q8_0'),
  // BitNet b1.58 2B-4T
  bitnet: () => ({
    architecture: 'bitnet',
    width: 2560,
    layers: 10,
    vocabulary: 32000,
    tied: true,
    type: (_, layer) => (layer < 0 ? 'Q6_K' : 'TQ2_0'),
    words: spmVocabulary(32000),
    keys: {
      ...rms,
      'attention.head_count': 20,
      'attention.head_count_kv': 5,
      'rope.dimension_count': 128,
      'rope.freq_base': 500000,
      feed_forward_length: 6912,
    },
    layer: (m) => {
      m.norms('attn_norm', 'ffn_norm', 'attn_sub_norm');
      m.vector('ffn_sub_norm.weight', 6912, 1);
      m.attention(20, 5, 128);
      m.gated(6912);
    },
  }),
};

function metadata(model: BlockModel): Record<string, Meta> {
  const { architecture: a, width, layers } = model;
  const meta = (value: Keys[string]): Meta => {
    if (typeof value === 'boolean') return ['bool', value];
    if (typeof value === 'number') return Number.isInteger(value) ? ['u32', value] : ['f32', value];
    return value as Meta;
  };
  const keys: Keys = { context_length: 8192, embedding_length: width, block_count: layers, ...model.keys };
  const named = Object.entries(keys).map(([key, value]): [string, Meta] => [
    `${a}.${key}`,
    /freq_base|epsilon|factor$/.test(key) && typeof value === 'number' ? ['f32', value] : meta(value),
  ]);
  return { 'general.architecture': ['string', a], 'general.name': ['string', `random ${a}`], ...Object.fromEntries(named), ...model.words };
}

/** The file of a block's model, made where there is none yet. */
export function blockModel(name: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `block-${name}.gguf`);
  if (existsSync(path)) return path;
  const model = blockModels[name]!();
  const make = new TensorMaker({ seed: 1, type: model.type, rms: () => 0.02, poolBytes: 8 << 20 });
  make.matrix('token_embd.weight', model.vocabulary, model.width);
  model.ends?.(make);
  for (let i = 0; i < model.layers; i++) model.layer(new Layer(make, i, model.width), i);
  if (!model.encodes && model.architecture !== 'lfm2') make.vector('output_norm.weight', model.width, 1, 0.1);
  if (!model.encodes && !model.tied) make.matrix('output.weight', model.vocabulary, model.width);
  const part = `${path}.part`;
  writeGguf(part, metadata(model), make.tensors);
  renameSync(part, path);
  return path;
}
