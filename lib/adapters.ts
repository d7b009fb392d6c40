// Files beside a model's whose changes calls ask for, and how much of each.
import { basename } from 'node:path';

import * as check from './check';
import { LlamaError } from './errors';
import type { NativeAdapter } from './native';
import { pathOf } from './path';

/** A LoRA adapter: a GGUF file, or a folder as PEFT writes it. */
export interface AdapterFile {
  readonly path: string | URL;
  /** What calls name it by. Default: the file's name without `.gguf`, the folder's name. */
  readonly name?: string;
  /** How much of it calls have that say nothing of adapters; 0: none. Default 1. */
  readonly scale?: number;
}

/** A control vector: a GGUF file, whose directions are added to the results of layers. */
export interface ControlVectorFile extends AdapterFile {
  /** The first and the last layer that it is for, counted from 0. Default: all that it has directions for. */
  readonly layers?: readonly [first: number, last: number];
}

/** One of those that the model was loaded with. */
export interface AdapterChoice {
  readonly name: string;
  /** How much of it; below 0 the opposite. Default 1. */
  readonly scale?: number;
}

/** What was loaded. */
export interface AdapterInfo {
  readonly name: string;
  readonly kind: 'lora' | 'control vector';
  /** Of calls that say nothing of adapters. */
  readonly scale: number;
}

const name: check.Check<string> = (value, where) => check.string(value, where) || check.refuse(where, 'a name that is not empty', value);
const scale = check.number(-1e6, 1e6);
const path: check.Check<string> = (value) => pathOf(value);
const checks: check.Checks<AdapterFile> = { path, name, scale };

const layers: check.Check<readonly [number, number]> = (value, where) => {
  const [first, last, ...more] = check.listOf(check.integer(1, 1 << 20), 3)(value, where);
  if (first === undefined || last === undefined || more.length > 0 || last < first) return check.refuse(where, 'a first and a last layer', value);
  return [first, last];
};

const file =
  <T extends AdapterFile>(of: check.Checks<T>): check.Check<T> =>
  (value, where) => {
    const found = check.record<T>(value, where, of);
    return found.path === undefined ? check.refuse(where, 'an object with path', value) : (found as T);
  };

const choice: check.Check<AdapterChoice> = (value, where) => {
  const found = check.record<AdapterChoice>(value, where, { name, scale });
  return found.name === undefined ? check.refuse(where, 'an object with name', value) : (found as AdapterChoice);
};

const most = 1000;

/** @internal */
export const adapterFiles = check.listOf(file<AdapterFile>(checks), most);
/** @internal */
export const controlVectorFiles = check.listOf(file<ControlVectorFile>({ ...checks, layers }), most);
/** @internal */
export const adapterChoices: check.Check<readonly AdapterChoice[]> = check.listOf(choice, most);

const nameOf = (path: string): string => basename(path).replace(/\.gguf$/i, '') || path;

/**
 * What the addon is told: LoRAs first.
 * @internal
 */
export function nativeAdapters(loras: readonly AdapterFile[], vectors: readonly ControlVectorFile[]): NativeAdapter[] {
  const of = (a: ControlVectorFile, steers: boolean): NativeAdapter => {
    const file = a.path as string;
    return { path: file, name: a.name ?? nameOf(file), scale: a.scale ?? 1, steers, first: a.layers?.[0] ?? 1, last: a.layers?.[1] ?? 0x7fffffff };
  };
  const all = [...loras.map((a) => of(a, false)), ...vectors.map((v) => of(v, true))];
  const twice = all.find((a, i) => all.findIndex((b) => b.name === a.name) < i);
  if (twice) throw new LlamaError('ARGUMENT', `adapters: two are named ${JSON.stringify(twice.name)}: give each a name of its own`);
  return all;
}

/** @internal */
export const wishesOf = (choices: readonly AdapterChoice[] | undefined): (readonly [name: string, scale: number])[] | undefined =>
  choices?.map(({ name: of, scale: by = 1 }) => [of, by] as const);
