// Texts to token ids beside node-llama-cpp, on one core each: prose, code, Chinese, one word of a megabyte.
//   npm run bench:tokenize -- FILE.gguf ... (vocabularies are enough)
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type * as LlamaTs from '../lib/index';

type Encode = (text: string) => ArrayLike<number>;

const root = join(__dirname, '..', '..', '..');
const bytes = 1_000_000;

/** Numbers from 0 to 1, the same in each run: Park and Miller's generator. */
function numbers(): () => number {
  let state = 1;
  return () => (state = (state * 48271) % 0x7fffffff) / 0x7fffffff;
}

const cut = (text: string): string => Buffer.from(text).subarray(0, bytes).toString('utf8').replaceAll('\ufffd', '');

function texts(): Record<string, string> {
  const random = numbers();
  const read = (...names: string[]) => names.map((name) => readFileSync(join(root, name), 'utf8')).join('\n');
  // Words of our own documents in new orders, the frequent ones more often: a text that repeats itself flatters caches.
  const words = read('README.md', 'docs/architecture.md', 'CHANGELOG.md').split(/\s+/);
  const code = read('native/tokenize/pattern.cpp', 'native/engine/engine.cpp', 'lib/model.ts', 'lib/rounds.ts');
  const han = () => String.fromCharCode(0x4e00 + Math.floor(random() ** 3 * 8000));
  return {
    prose: cut(Array.from({ length: bytes / 4 }, () => words[Math.floor(random() ** 2 * words.length)]).join(' ')),
    code: cut(code.repeat(Math.ceil(bytes / code.length))),
    Chinese: cut(Array.from({ length: bytes / 3 }, () => (random() < 0.08 ? '，' : han())).join('')),
    'one word': Array.from({ length: bytes }, () => String.fromCharCode(97 + Math.floor(random() * 26))).join(''),
  };
}

// The best of some runs, in megabytes a second.
function speed(encode: Encode, text: string, runs: number): number {
  let best = Infinity;
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    encode(text);
    best = Math.min(best, performance.now() - start);
  }
  return Buffer.byteLength(text) / 1000 / best;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { runs: { type: 'string', default: '3' }, 'ours-only': { type: 'boolean', default: false } },
  });
  if (positionals.length === 0) throw new Error('expected GGUF files');
  const { loadTokenizer } = require(join(root, 'dist', 'lib', 'index.js')) as typeof LlamaTs;
  const llama = values['ours-only']
    ? undefined
    : await import('node-llama-cpp').then((peer) => peer.getLlama({ gpu: false, build: 'never', logLevel: peer.LlamaLogLevel.disabled }));
  for (const path of positionals) {
    using ours = await loadTokenizer(path);
    const theirs = await llama?.loadModel({ modelPath: path, vocabOnly: true });
    console.log(`\n${basename(path)}, MB/s        llama-ts  node-llama-cpp`);
    for (const [name, text] of Object.entries(texts())) {
      const own = speed((t) => ours.encode(t), text, Number(values.runs));
      const peer = theirs ? speed((t) => theirs.tokenize(t), text, Number(values.runs)).toFixed(1) : '-';
      console.log(`${name.padEnd(24)}${own.toFixed(1).padStart(8)}${peer.padStart(16)}`);
    }
    await theirs?.dispose();
  }
}

void main();
