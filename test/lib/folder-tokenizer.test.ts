// Tokenizers of folders against the library "tokenizers": ids, whatever tokenizer.json says, or a refusal that names what is not read.
// Truth: folder-tokenizers.json, which test/fixtures/folder-tokenizers.py makes with that library.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertModel, editModel, inspectModel, loadTokenizer, type Tokenizer } from 'llama-ts';
import { readSafetensors, safetensors, temporaryFolder } from '../fixtures/safetensors';
import { root, sharedPath, sharedTest } from '../support/shared';

interface TokenizerFile {
  added_tokens: { id: number; content: string; lstrip: boolean }[];
  model: { vocab: Record<string, number> | [string, number][] };
  [key: string]: unknown;
}
const { folders } = JSON.parse(readFileSync(join(root, 'test', 'fixtures', 'folder-tokenizers.json'), 'utf8')) as {
  folders: { name: string; tokenizer: TokenizerFile; cases: [string, number[], string?][] }[];
};
const of = (name: string): TokenizerFile => structuredClone(folders.find((f) => f.name === name)!.tokenizer);

const sizeOf = ({ model: { vocab }, added_tokens: added }: TokenizerFile): number =>
  Math.max(...(Array.isArray(vocab) ? vocab.keys() : Object.values(vocab)), ...added.map((t) => t.id)) + 1;

function write(to: string, tokenizer: TokenizerFile, config: object = {}): void {
  writeFileSync(join(to, 'config.json'), JSON.stringify({ architectures: ['LlamaForCausalLM'], vocab_size: sizeOf(tokenizer) + 3, ...config }));
  writeFileSync(join(to, 'tokenizer.json'), JSON.stringify(tokenizer));
}

async function loaded(tokenizer: TokenizerFile): Promise<Tokenizer> {
  using made = temporaryFolder();
  write(made.path, tokenizer);
  return await loadTokenizer(made.path);
}

describe('ids of the tokenizers library', () => {
  for (const { name, tokenizer, cases } of folders) {
    test(name, async () => {
      expect(cases.length).toBeGreaterThan(20);
      const ours = await loaded(tokenizer);
      for (const [text, ids, back] of cases) {
        expect([text, [...ours.encode(text, { special: true })]]).toEqual([text, ids]);
        if (back !== undefined) expect([text, ours.decode(ids, { special: true })]).toEqual([text, back]);
      }
      ours.dispose();
    });
  }

  // A model with a table of as many rows as the tokenizer has tokens, and 3 more.
  for (const name of [
    'nfc',
    'flags',
    'overlapping',
    'prepend',
    'metaspace first',
    'bert',
    'bert steps',
    'roberta',
    'unigram',
    'unigram bytes',
    'merges of steps',
    'words',
    'scripts, marked',
    'letters of bytes, cut',
  ]) {
    sharedTest(`a GGUF file made of the folder gives them too: ${name}`, 'golden/hf/llama/model.safetensors', async () => {
      using made = temporaryFolder();
      const { tokenizer, cases } = folders.find((f) => f.name === name)!;
      const rows = sizeOf(tokenizer) + 3;
      const tensors = readSafetensors(sharedPath('golden/hf/llama/model.safetensors'));
      for (const table of ['model.embed_tokens.weight', 'lm_head.weight'])
        tensors.set(table, { dtype: 'BF16', shape: [rows, 64], bytes: Buffer.alloc(rows * 128) });
      write(made.path, tokenizer, { ...(JSON.parse(readFileSync(sharedPath('golden/hf/llama/config.json'), 'utf8')) as object), vocab_size: rows });
      writeFileSync(join(made.path, 'model.safetensors'), safetensors(tensors));
      const file = join(made.path, 'out.gguf');
      await convertModel(made.path, file);
      await editModel(file, { set: [{ key: 'general.name', value: 'again' }] });
      const ours = await loadTokenizer(file);
      for (const [text, ids] of cases) expect([...ours.encode(text, { special: true })]).toEqual(ids);
      const keys = [...(await inspectModel(file)).metadata.keys()].filter((k) => k.startsWith('tokenizer.huggingface.'));
      expect(keys).toContain('tokenizer.huggingface.added_tokens');
    });
  }

  sharedTest('tokens of infilling are named in it', 'golden/hf/llama/model.safetensors', async () => {
    using made = temporaryFolder();
    const names = ['<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>', '<|fim_pad|>', '<|repo_name|>', '<|file_sep|>'];
    const keys = ['pre', 'suf', 'mid', 'pad', 'rep', 'sep'].map((role) => `tokenizer.ggml.fim_${role}_token_id`);
    for (const marks of [names, names.filter((name) => name !== '<|fim_middle|>')]) {
      const tokenizer = of('nfc');
      const first = sizeOf(tokenizer);
      for (const [i, content] of marks.entries()) tokenizer.added_tokens.push({ ...tokenizer.added_tokens[0]!, content, id: first + i, lstrip: false });
      const rows = sizeOf(tokenizer);
      const tensors = readSafetensors(sharedPath('golden/hf/llama/model.safetensors'));
      for (const table of ['model.embed_tokens.weight', 'lm_head.weight'])
        tensors.set(table, { dtype: 'BF16', shape: [rows, 64], bytes: Buffer.alloc(rows * 128) });
      write(made.path, tokenizer, { ...(JSON.parse(readFileSync(sharedPath('golden/hf/llama/config.json'), 'utf8')) as object), vocab_size: rows });
      writeFileSync(join(made.path, 'model.safetensors'), safetensors(tensors));
      const { metadata } = await inspectModel(made.path);
      expect(keys.map((key) => metadata.get(key))).toEqual(keys.map((_, i) => (marks === names ? first + i : undefined)));
    }
  });

  test('control tokens in a text stay text unless they are asked for', async () => {
    const ours = await loaded(of('flags'));
    const id = of('flags').added_tokens.find((t) => t.content === '<|x|>')!.id;
    expect([...ours.encode('a<|x|>b', { special: true })]).toContain(id);
    expect([...ours.encode('a<|x|>b')]).not.toContain(id);
    expect(ours.decode(ours.encode('a<|x|>b'))).toBe('a<|x|>b');
  });
});

// Truth: sentencepiece.json, which test/fixtures/sentencepiece-models.py makes with SentencePiece.
describe('ids of SentencePiece, whose normalizer has a map of characters', () => {
  const { models } = JSON.parse(readFileSync(join(root, 'test', 'fixtures', 'sentencepiece.json'), 'utf8')) as {
    models: { name: string; size: number; model: string; cases: [string, number[], string][] }[];
  };
  for (const { name, size, model, cases } of models) {
    test(name, async () => {
      using made = temporaryFolder();
      writeFileSync(join(made.path, 'config.json'), JSON.stringify({ architectures: ['LlamaForCausalLM'], vocab_size: size }));
      writeFileSync(join(made.path, 'tokenizer.model'), Buffer.from(model, 'base64'));
      const ours = await loadTokenizer(made.path);
      expect(cases.length).toBeGreaterThan(50);
      for (const [text, ids, back] of cases) {
        expect([text, [...ours.encode(text)]]).toEqual([text, ids]);
        // The unknown token reads as nothing here, and of what a text begins with one space is dropped, not all.
        if (!ids.includes(0) && !text.includes('▁')) expect([text, ours.decode(ids)]).toEqual([text, back]);
      }
    });
  }
});

describe('what makes no ids of its own is refused by name, nothing is dropped', () => {
  const bpe = (more: object) => (t: TokenizerFile) => void Object.assign(t.model, more);
  const top = (more: object) => (t: TokenizerFile) => void Object.assign(t, more);
  const special = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const sequence = { Sequence: { id: 'A', type_id: 0 } };
  const cases: [string, string, (t: TokenizerFile) => void, string, string][] = [
    ['another normalizer', 'nfc', top({ normalizer: { type: 'Other' } }), 'UNSUPPORTED', 'Other'],
    [
      'another normalizer in a sequence',
      'nfc',
      top({ normalizer: { type: 'Sequence', normalizers: [{ type: 'NFC' }, { type: 'Other' }] } }),
      'UNSUPPORTED',
      'Other',
    ],
    ['a character map that is none', 'nfc', top({ normalizer: { type: 'Precompiled', precompiled_charsmap: 'AAAA' } }), 'FORMAT', 'precompiled_charsmap'],
    ['a character map in other letters', 'nfc', top({ normalizer: { type: 'Precompiled', precompiled_charsmap: '*' } }), 'FORMAT', 'base64'],
    ['Replace of nothing at all', 'nfc', top({ normalizer: { type: 'Replace', pattern: { Regex: ' *' }, content: ' ' } }), 'UNSUPPORTED', ' *'],
    ['dropout', 'nfc', bpe({ dropout: 0.1 }), 'UNSUPPORTED', 'dropout'],
    ['a prefix of words that go on', 'nfc', bpe({ continuing_subword_prefix: '##' }), 'UNSUPPORTED', 'continuing_subword_prefix'],
    ['a suffix of words', 'nfc', bpe({ end_of_word_suffix: '</w>' }), 'UNSUPPORTED', 'end_of_word_suffix'],
    ['another model', 'nfc', bpe({ type: 'Other' }), 'UNSUPPORTED', 'Other'],
    ['WordLevel without its unknown token', 'words', bpe({ unk_token: '<other>' }), 'FORMAT', 'other'],
    ['WordPiece without its unknown token', 'bert', bpe({ unk_token: '[UNKNOWN]' }), 'FORMAT', 'UNKNOWN'],
    ['Unigram without an unknown token', 'unigram', bpe({ unk_id: null }), 'UNSUPPORTED', 'unk_id'],
    ['Unigram with an unknown token that is none', 'unigram', bpe({ unk_id: 1e6 }), 'FORMAT', 'unk_id'],
    ['Unigram whose scores are none', 'unigram', bpe({ vocab: [['a', 'b']] }), 'FORMAT', 'score'],
    ['a merge of no tokens', 'nfc', bpe({ merges: [['a', 'q']] }), 'FORMAT', 'aq'],
    [
      'two tokens before each text',
      'nfc',
      top({ post_processor: { type: 'TemplateProcessing', single: [special('<s>'), special('<l>'), sequence], pair: [], special_tokens: {} } }),
      'UNSUPPORTED',
      'template',
    ],
    ['another post-processor', 'nfc', top({ post_processor: { type: 'Other', sep: ['a', 1], cls: ['b', 2] } }), 'UNSUPPORTED', 'Other'],
    ['another decoder', 'nfc', top({ decoder: { type: 'WordPiece' } }), 'UNSUPPORTED', 'WordPiece'],
    ['another step before characters', 'prepend', top({ pre_tokenizer: { type: 'Other' } }), 'UNSUPPORTED', 'Other'],
    ['letters of bytes before characters', 'unigram', top({ pre_tokenizer: { type: 'ByteLevel' } }), 'UNSUPPORTED', 'ByteLevel'],
    ['an added token with the id of another', 'nfc', (t) => (t.added_tokens[1]!.id = 3), 'FORMAT', 'expected the id'],
    ['an added token beyond the next id', 'nfc', (t) => (t.added_tokens.at(-1)!.id += 1), 'FORMAT', 'the next that is free'],
    ['an added token twice', 'nfc', (t) => void t.added_tokens.push(t.added_tokens[0]!), 'FORMAT', 'twice'],
    ['an added token without a text', 'nfc', (t) => (t.added_tokens[0]!.content = ''), 'FORMAT', 'added_tokens'],
  ];
  for (const [what, name, change, code, word] of cases) {
    test(`${what}: ${code}`, async () => {
      const tokenizer = of(name);
      change(tokenizer);
      await expect(loaded(tokenizer)).rejects.toMatchObject({ code, message: expect.stringContaining(word) as string });
    });
  }

  test('truncation and padding are no part of encoding', async () => {
    const tokenizer = {
      ...of('nfc'),
      truncation: { max_length: 2, strategy: 'LongestFirst', stride: 0, direction: 'Right' },
      padding: { strategy: { Fixed: 9 }, direction: 'Right', pad_id: 0, pad_type_id: 0, pad_token: 'a' },
    };
    const [plain, other] = [await loaded(of('nfc')), await loaded(tokenizer)];
    expect([...other.encode('the abc')]).toEqual([...plain.encode('the abc')]);
  });
});

// Each would take minutes if it were quadratic.
describe('a megabyte', () => {
  const texts: [string, string][] = [
    ['combining marks in descending order', 'a' + '\u0345\u0301\u0323\u0334'.repeat(130_000)],
    ['letters with marks', 'e\u0323\u0301'.repeat(200_000)],
    ['Hangul in parts', '\u1112\u1161\u11ab'.repeat(110_000)],
    ['spaces', ' '.repeat(1_000_000)],
    ['added tokens that take spaces', ' <lr> '.repeat(160_000)],
    ['the beginning of added tokens', '<a><a'.repeat(200_000)],
    ['spaces that are tokens and take spaces', '  \n'.repeat(330_000)],
  ];
  for (const name of [
    'nfc',
    'nfkd accents',
    'overlapping nfc',
    'prepend',
    'metaspace first',
    'bert',
    'unigram',
    'unigram steps',
    'merges of steps',
    'words',
    'scripts',
    'letters of bytes',
  ]) {
    test(`of anything, by ${name}`, async () => {
      const ours = await loaded(of(name));
      for (const [, text] of texts) expect(ours.encode(text, { special: true }).length).toBeLessThanOrEqual(3 * text.length + 1);
      ours.dispose();
    });
  }

  test('composed is what it is in parts', async () => {
    const ours = await loaded(of('nfc alone'));
    const once = 'a' + '\u0345\u0301\u0323\u0334'.repeat(1000);
    expect([...ours.encode(once)]).toEqual([...ours.encode(once.normalize('NFC'))]);
    expect(ours.decode(ours.encode(once))).toBe(once.normalize('NFC'));
  });
});
