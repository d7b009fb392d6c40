#!/usr/bin/env node
// llama-quantize IN [OUT] TYPE [THREADS]: a model's file with smaller weights.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import yargs, { type Argv } from 'yargs';

import type { MetadataOverride, MetadataType, QuantizedTensor, QuantizeOptions, QuantizeReport } from '../lib';
import { numeric, word, words, type Flags } from './flags';
import { Interrupt, interrupted } from './interrupt';
import { explain, leaveQuietlyWithReader, note, print, progress } from './screen';

/** What went wrong, as the exit code tells it. */
const exits = { usage: 2, input: 3, disk: 4, other: 1 } as const;

function exitOf(error: unknown): number {
  switch ((error as { code?: unknown } | null)?.code) {
    case 'ARGUMENT':
      return exits.usage;
    case 'FILE':
    case 'FORMAT':
    case 'UNSUPPORTED':
      return exits.input;
    case 'DISK':
      return exits.disk;
    default:
      return error instanceof UsageError ? exits.usage : exits.other;
  }
}

class UsageError extends Error {}

const units: Readonly<Record<string, number>> = { '': 1, K: 1e3, M: 1e6, G: 1e9, T: 1e12, KI: 2 ** 10, MI: 2 ** 20, GI: 2 ** 30, TI: 2 ** 40 };

/** "3.5GB", "800 MiB" or a number of bytes. */
function bytesOf(text: string): number {
  const found = /^\s*(\d+(?:\.\d+)?)\s*([KMGT]?I?)B?\s*$/.exec(text.toUpperCase());
  const unit = units[found?.[2] ?? '-'];
  if (!found || unit === undefined) throw new UsageError(`--target-size: expected a size such as 3.5GB or 800MiB, found "${text}"`);
  return Math.floor(Number(found[1]) * unit);
}

/** Splits "NAME=VALUE" at the last "=" of a pattern, the first of a key. */
function split(entry: string, flag: string, last: boolean): [string, string] {
  const at = last ? entry.lastIndexOf('=') : entry.indexOf('=');
  if (at < 1 || at === entry.length - 1) throw new UsageError(`${flag}: expected NAME=VALUE, found "${entry}"`);
  return [entry.slice(0, at), entry.slice(at + 1)];
}

/** Words that other tools write before the colon for a type, and that are none here: not the begin of a text. */
const foreignType = /^(?:[uif]\d+|uint\d*|int\d+|float\d+|double|boolean|string|text|arr(?:ay)?|[a-z]+\d*\[\])$/i;

/** `TYPE:VALUE`: int, float, bool, str as in llama.cpp, or a type of GGUF's. Without a type: what it looks like. */
function overrideOf(text: string, key: string): MetadataOverride {
  const found = /^(int|float|bool|str|[ui](?:8|16|32|64)|f32|f64|(?:[ui](?:8|16|32|64)|f32|f64|bool|str)\[\]):(.*)$/s.exec(text);
  const other = found ? undefined : /^([a-z]+\d*(?:\[\])?):/i.exec(text)?.[1];
  if (other !== undefined && foreignType.test(other)) {
    throw new UsageError(
      `--override-kv: ${key}: expected a type among int, float, bool, str, u8 to u64, i8 to i64, f32, f64, or a list such as u32[], found "${other}"; a text that begins so is str:${text}`,
    );
  }
  const value = found?.[2] ?? text;
  const type =
    found?.[1] ?? (/^(true|false)$/.test(text) ? 'bool' : /^-?\d+$/.test(text) ? 'int' : text.trim() !== '' && !Number.isNaN(Number(text)) ? 'float' : 'str');
  if (type === 'str') return value;
  if (type === 'bool' && /^(true|false)$/.test(value)) return value === 'true';
  if (/^(?:[ui](?:8|16|32|64)|f32|f64)$|\[\]$/.test(type)) return { type: type as MetadataType, value };
  if (type === 'int' && /^-?\d+$/.test(value) && (Number(value) > 0xffffffff || Number(value) < -0x80000000))
    return { type: value.startsWith('-') ? 'i64' : 'u64', value };
  const number = Number(value);
  if (type === 'bool' || value.trim() === '' || Number.isNaN(number) || (type === 'int' && !Number.isInteger(number))) {
    throw new UsageError(`--override-kv: ${key}: expected ${type}, found "${value}"`);
  }
  return type === 'float' ? { float: number } : number;
}

/** PATTERN=TYPE entries of a file, between blanks. */
function entriesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split(/\s+/).filter(Boolean);
  } catch (error) {
    throw new UsageError(`--tensor-type-file: ${path} cannot be read: ${explain(error)}`);
  }
}

function layersOf(text: string): number[] {
  return text.split(',').map((part) => {
    if (!/^\s*\d+\s*$/.test(part)) throw new UsageError(`--prune-layers: expected numbers such as 3,4,5, found "${part.trim()}"`);
    return Number(part);
  });
}

interface Task {
  readonly input: string;
  readonly output: string;
  readonly type?: string;
  readonly threads?: number;
}

/** IN [OUT] TYPE [THREADS]; with a target size there need be no TYPE. */
function taskOf(given: readonly string[], byTarget: boolean, isType: (name: string) => boolean): Task {
  const [input, ...rest] = given;
  if (input === undefined) throw new UsageError('expected IN [OUT] TYPE [THREADS]');
  const output = rest[0] !== undefined && !isType(rest[0]) ? rest.shift() : undefined;
  const type = rest[0] !== undefined && (!byTarget || isType(rest[0])) ? rest.shift() : undefined;
  const threads = rest.shift();
  if (type === undefined && !byTarget) throw new UsageError('expected a TYPE such as Q4_K_M behind the files: llama-quantize --help lists them');
  if (threads !== undefined && !/^[1-9]\d*$/.test(threads)) throw new UsageError(`THREADS: expected a number, found "${threads}"`);
  if (rest.length > 0) throw new UsageError(`expected IN [OUT] TYPE [THREADS], found ${JSON.stringify(rest[0])} beside them`);
  return {
    input,
    output: output ?? join(dirname(input), `ggml-model-${(type ?? 'target').toUpperCase()}.gguf`),
    ...(type !== undefined && { type }),
    ...(threads !== undefined && { threads: Number(threads) }),
  };
}

function optionsOf(flags: Flags, task: Task): QuantizeOptions {
  const list = (name: string): string[] => (flags[name] as string[] | undefined) ?? [];
  const plain = ['imatrix', 'outputTensorType', 'tokenEmbeddingType', 'allowRequantize', 'leaveOutputTensor', 'pure', 'keepSplit', 'dryRun', 'targetBpw'];
  return {
    ...Object.fromEntries(plain.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]]))),
    ...(task.type !== undefined && { type: task.type }),
    ...(task.threads !== undefined && { threads: task.threads }),
    ...(typeof flags.targetSize === 'string' && { targetSize: bytesOf(flags.targetSize) }),
    ...(typeof flags.pruneLayers === 'string' && { pruneLayers: layersOf(flags.pruneLayers) }),
    tensorTypes: [
      ...list('tensorType').map((entry) => split(entry, '--tensor-type', true)),
      ...list('tensorTypeFile').flatMap((path) => entriesOf(path).map((entry) => split(entry, `--tensor-type-file: ${path}`, true))),
    ],
    overrides: Object.fromEntries(
      list('overrideKv').map((entry) => {
        const [key, value] = split(entry, '--override-kv', false);
        return [key, overrideOf(value, key)];
      }),
    ),
    keepPartial: true,
  };
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(2)} MiB`;

function byType(tensors: readonly QuantizedTensor[]): string[] {
  const rows = new Map<string, { tensors: number; bytes: number; squares: number; measured: number; changed: boolean }>();
  for (const t of tensors) {
    const row = rows.get(t.to) ?? { tensors: 0, bytes: 0, squares: 0, measured: 0, changed: false };
    const weights = t.shape.reduce((product, n) => product * n, 1);
    rows.set(t.to, {
      tensors: row.tensors + 1,
      bytes: row.bytes + t.bytes,
      squares: row.squares + (t.rmse === undefined ? 0 : t.rmse ** 2 * weights),
      measured: row.measured + (t.rmse === undefined ? 0 : weights),
      changed: row.changed || t.from !== t.to,
    });
  }
  const sorted = [...rows].sort(([, a], [, b]) => b.bytes - a.bytes);
  return sorted.map(([type, r]) => {
    const error = r.measured > 0 ? Math.sqrt(r.squares / r.measured).toExponential(3) : r.changed ? '' : 'copied';
    return `${type.padEnd(8)} ${String(r.tensors).padStart(7)} ${mebibytes(r.bytes).padStart(14)} ${error.padStart(12)}`.trimEnd();
  });
}

function table(report: QuantizeReport, dry: boolean): string {
  return [
    ...(dry ? report.tensors.map((t) => `${t.name.padEnd(40)} ${t.shape.join(' x ').padEnd(20)} ${t.from} -> ${t.to}`) : []),
    `${'type'.padEnd(8)} ${'tensors'.padStart(7)} ${'bytes'.padStart(14)} ${'rms error'.padStart(12)}`,
    ...byType(report.tensors),
    `${mebibytes(report.inputBytes)} -> ${mebibytes(report.bytes)} (${report.type}, ${report.bpw.toFixed(2)} bits a weight)${dry ? ', nothing written' : ''}`,
    ...(dry ? [] : report.files),
    '',
  ].join('\n');
}

async function run(flags: Flags): Promise<void> {
  const { quantize, quantizeTypes } = require('../lib') as typeof import('../lib');
  const names = new Set(quantizeTypes().types.flatMap((t) => [t, t.replace(/_M$/, '')]));
  const isType = (name: string): boolean => names.has(name.toUpperCase()) || /^\d+$/.test(name);
  const byTarget = flags.targetSize !== undefined || flags.targetBpw !== undefined;
  const task = taskOf(((flags._ as unknown[]) ?? []).map(String), byTarget, isType);
  const options = optionsOf(flags, task);
  const interrupt = new Interrupt();
  const bar = progress(flags.dryRun === true ? 'Measuring' : 'Quantizing', { timeLeft: true });
  try {
    const report = await quantize(task.input, task.output, { ...options, onProgress: (f) => bar.show(f), signal: interrupt.arm() });
    bar.end();
    for (const warning of report.warnings) note(`warning: ${warning}`);
    await print(flags.json === true ? `${JSON.stringify(report)}\n` : table(report, flags.dryRun === true));
  } catch (error) {
    if (!interrupt.pressed) throw error;
    bar.end();
    note('stopped: the same command goes on from here');
    process.exitCode = interrupted;
  } finally {
    bar.end();
  }
}

function parser(argv: string[]): Argv {
  const { version } = require('../../package.json') as { version: string };
  return yargs(argv)
    .scriptName('llama-quantize')
    .usage(
      '$0 [flags] IN [OUT] TYPE [THREADS]\n\nWrites a model with smaller weights. IN: a GGUF file. TYPE: F32 F16 BF16 Q8_0 Q6_K Q5_K_M Q5_K_S Q5_1 Q5_0 Q4_K_M Q4_K_S Q4_1 Q4_0 ' +
        'IQ4_NL IQ4_XS Q3_K_L Q3_K_M Q3_K_S IQ3_M IQ3_S IQ3_XS IQ3_XXS Q2_K Q2_K_S IQ2_M IQ2_S IQ2_XS IQ2_XXS IQ1_M IQ1_S TQ2_0 TQ1_0 MXFP4_MOE NVFP4 Q2_0 Q1_0, or COPY.\n' +
        `Exit codes: 0 done, ${exits.usage} wrong usage, ${exits.input} bad input, ${exits.disk} the output cannot be written, ${interrupted} interrupted.`,
    )
    .options({
      imatrix: word('importance matrix, as llama-ts imatrix writes it'),
      'allow-requantize': { type: 'boolean', describe: 'quantize tensors that are quantized already, and accept the loss' },
      'leave-output-tensor': { type: 'boolean', describe: 'output.weight stays as it is' },
      pure: { type: 'boolean', describe: 'all matrices in the main type' },
      'output-tensor-type': word('type of output.weight'),
      'token-embedding-type': word('type of token_embd.weight'),
      'tensor-type': words(
        'PATTERN=T: type of the tensors in whose name the regular expression finds something; given several times, the first that fits counts',
      ),
      'tensor-type-file': words('file of such PATTERN=T, between blanks; they count after those of --tensor-type'),
      'prune-layers': word('layers to leave out: 3,4,5'),
      'keep-split': { type: 'boolean', describe: 'as many files as the input has' },
      'override-kv': words(
        'KEY=VALUE or KEY=TYPE:VALUE (int, float, bool, str; u8 to u64, i8 to i64, f32, f64, lists such as u32[]=JSON): metadata to write; may be given several times',
      ),
      'target-size': word('bytes that the file may have, such as 3.5GB: types are chosen by measuring'),
      'target-bpw': numeric('target-bpw', 'the same, as bits a weight'),
      'dry-run': { type: 'boolean', describe: 'show what would be written' },
      json: { type: 'boolean', describe: 'print the report as JSON' },
    })
    .parserConfiguration({ 'parse-positional-numbers': false }) // 007 may be a file
    .strictOptions()
    .help()
    .alias('help', 'h')
    .version(version)
    .wrap(Math.min(120, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      throw error ?? new UsageError(message ?? 'wrong usage');
    });
}

/** A flag of several letters behind one dash would be taken apart into others. */
function refuseSingleDash(argv: readonly string[]): void {
  const end = argv.indexOf('--');
  const found = argv.slice(0, end < 0 ? argv.length : end).find((word) => /^-[a-z]/i.test(word) && word !== '-h');
  if (found !== undefined) throw new UsageError(`${found}: no such flag: flags begin with two dashes, and what follows -- is a file whatever it begins with`);
}

async function main(argv: string[]): Promise<void> {
  if (argv.length === 0) argv = ['--help'];
  refuseSingleDash(argv);
  const flags = (await parser(argv).parseAsync()) as Flags;
  if (flags.help !== true && flags.version !== true) await run(flags);
}

leaveQuietlyWithReader();
main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`llama-quantize: ${explain(error)}\n`);
  process.exitCode = exitOf(error);
});
