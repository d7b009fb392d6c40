// JSON Schemas compiled, and the masks along their valid instances, beside llguidance; on one core each.
//   npm run bench:grammar -- --schemas FOLDER FILE.gguf ... (vocabularies are enough)
// FOLDER: *.jsonl, a line { "id", "draft", "schema", "tests": [{ "text", "valid" }] }. The peer: pip install llguidance gguf numpy
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import type * as LlamaTs from '../lib/index';

interface Case {
  readonly id: string;
  readonly draft: string;
  readonly schema: unknown;
  readonly tests: readonly { readonly text: string; readonly valid: boolean }[];
}

/** Microseconds: of compiling, where that went well, and of each mask. */
interface Times {
  readonly compile: number[];
  readonly masks: number[];
}

const root = join(__dirname, '..', '..', '..');

function cases(folder: string): Case[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.jsonl'));
  const lines = files.sort().flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n'));
  return lines.filter((line) => line.trim() !== '').map((line) => JSON.parse(line) as Case);
}

async function ours(lib: typeof LlamaTs, path: string, all: readonly Case[], walks: readonly (readonly number[][])[]): Promise<Times> {
  using tokenizer = await lib.loadTokenizer(path);
  const times: Times = { compile: [], masks: [] };
  for (const [i, c] of all.entries()) {
    const verdict = await lib.checkGrammar(tokenizer, {
      kind: 'schema',
      text: JSON.stringify(c.schema),
      options: { draft: c.draft },
      walks: (walks[i] ?? []).map((ids) => ({ ids })),
    });
    if (!verdict.ok) continue;
    times.compile.push(verdict.compileUs);
    for (const walk of verdict.walks) times.masks.push(...walk.maskUs);
  }
  return times;
}

function peer(python: string, path: string, all: readonly Case[], walks: readonly (readonly number[][])[]): Times {
  const folder = mkdtempSync(join(tmpdir(), 'bench-grammar-'));
  try {
    const input = join(folder, 'cases.jsonl');
    writeFileSync(input, all.map((c, i) => `${JSON.stringify({ schema: JSON.stringify(c.schema), walks: walks[i] })}\n`).join(''));
    const told = execFileSync(python, [join(root, 'bench', 'grammar_peer.py'), path, input], { maxBuffer: 1 << 30 });
    return JSON.parse(told.toString()) as Times;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function row(name: string, us: readonly number[]): string {
  const sorted = [...us].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const mean = us.reduce((a, b) => a + b, 0) / Math.max(1, us.length);
  const cells = [mean, at(0.5), at(0.9), at(0.99), at(0.999), at(1)].map((value) => value.toFixed(1).padStart(10));
  return `${name.padEnd(20)}${String(us.length).padStart(9)}${cells.join('')}`;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      schemas: { type: 'string' },
      python: { type: 'string', default: 'python3' },
      'ours-only': { type: 'boolean', default: false },
    },
  });
  if (values.schemas === undefined || positionals.length === 0) throw new Error('expected --schemas FOLDER and GGUF files');
  const all = cases(values.schemas);
  const lib = require(join(root, 'dist', 'lib', 'index.js')) as typeof LlamaTs;
  for (const path of positionals) {
    using tokenizer = await lib.loadTokenizer(path);
    const walks = all.map((c) => c.tests.filter((t) => t.valid).map((t) => Array.from(tokenizer.encode(t.text))));
    console.log(
      `\n${basename(path)}, microseconds`.padEnd(21) + ['number', 'mean', 'p50', 'p90', 'p99', 'p99.9', 'most'].map((s, i) => s.padStart(i ? 10 : 9)).join(''),
    );
    const own = await ours(lib, path, all, walks);
    console.log(`${row('compile, llama-ts', own.compile)}\n${row('mask, llama-ts', own.masks)}`);
    if (values['ours-only']) continue;
    const other = peer(values.python, path, all, walks);
    console.log(`${row('compile, llguidance', other.compile)}\n${row('mask, llguidance', other.masks)}`);
  }
}

void main();
