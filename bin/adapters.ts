// The flags of adapters and control vectors, as llama.cpp has them.
import type { Argv } from 'yargs';

import type { AdapterFile, ControlVectorFile, LoadOptions } from '../lib';
import { word, words, type Flags } from './flags';

export function adapterFlags(yargs: Argv): Argv {
  return yargs
    .options({
      lora: words('LoRA adapter, a GGUF file or a PEFT folder; several with commas between, or the flag several times'),
      'lora-scaled': words('FILE:SCALE, the same with how much of it'),
      'control-vector': words('control vector, a GGUF file; several with commas between, or the flag several times'),
      'control-vector-scaled': words('FILE:SCALE, the same with how much of it'),
      'control-vector-layer-range': word('FIRST LAST: the layers that control vectors are for, counted from 0 (default: all)'),
    })
    .group(['lora', 'lora-scaled', 'control-vector', 'control-vector-scaled', 'control-vector-layer-range'], 'Adapters:');
}

const entries = (flag: unknown): string[] => ((flag as readonly string[] | undefined) ?? []).flatMap((list) => list.split(',')).filter((entry) => entry !== '');

function scaled(entry: string, flag: string): AdapterFile {
  const [, path = '', scale = ''] = /^(.+):([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)$/i.exec(entry) ?? [];
  if (path === '') throw new Error(`--${flag}: expected FILE:SCALE, found "${entry}"`);
  return { path, scale: Number(scale) };
}

function layersOf(range: unknown): ControlVectorFile['layers'] {
  if (range === undefined) return undefined;
  const [, first, last] = /^\s*(\d+)\s*[ ,]\s*(\d+)\s*$/.exec(String(range)) ?? [];
  if (first === undefined || last === undefined)
    throw new Error(`--control-vector-layer-range: expected a first and a last layer, such as 10 20, found "${String(range)}"`);
  return [Number(first), Number(last)];
}

export function adapterOptions(flags: Flags): Pick<LoadOptions, 'adapters' | 'controlVectors'> {
  const adapters = [...entries(flags.lora).map((path) => ({ path })), ...entries(flags.loraScaled).map((entry) => scaled(entry, 'lora-scaled'))];
  const layers = layersOf(flags.controlVectorLayerRange);
  const vectors = [
    ...entries(flags.controlVector).map((path) => ({ path })),
    ...entries(flags.controlVectorScaled).map((entry) => scaled(entry, 'control-vector-scaled')),
  ].map((vector) => ({ ...vector, ...(layers && { layers }) }));
  if (layers && vectors.length === 0) throw new Error('--control-vector-layer-range: has no effect without a control vector: --control-vector FILE');
  return { ...(adapters.length > 0 && { adapters: named(adapters) }), ...(vectors.length > 0 && { controlVectors: named(vectors) }) };
}

/** By their paths, which differ where the names of files do not. */
const named = <T extends AdapterFile>(files: readonly T[]): T[] => files.map((file) => ({ ...file, name: String(file.path) }));
