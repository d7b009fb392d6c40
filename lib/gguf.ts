// GGUF files made of GGUF files.
import { native } from './binding';
import * as check from './check';
import type { Written } from './convert';
import { LlamaError, Origin } from './errors';
import { runJob, type JobOptions } from './job';
import type { NativeDifferences, NativeWritten } from './native';
import { pathOf } from './path';

const jobChecks: check.Checks<JobOptions> = {
  onProgress: check.callback<(fraction: number) => void>(),
  signal: check.signal,
};

export interface SplitOptions extends JobOptions {
  /** Bytes of a part's tensors at most; a larger tensor has a part of its own. */
  maxBytes?: number;
  /** Tensors in a part at most. */
  maxTensors?: number;
}

export interface SplitPart {
  readonly path: string;
  readonly bytes: number;
}

const splitChecks: check.Checks<SplitOptions> = {
  maxBytes: check.integer(1, Number.MAX_SAFE_INTEGER),
  maxTensors: check.integer(1, 0x7fffffff),
  ...jobChecks,
};

/** Splits a file into PREFIX-00001-of-00003.gguf and so on, by one limit or both. All parts or none can be opened. */
export async function splitModel(from: string | URL, prefix: string | URL, options: SplitOptions): Promise<readonly SplitPart[]> {
  const origin = new Origin(splitModel);
  const { maxBytes = 0, maxTensors = 0, ...job } = check.options<SplitOptions>(options, 'splitModel', splitChecks);
  const [file, beginning] = [pathOf(from), pathOf(prefix)];
  return runJob<SplitPart[]>(origin, (ticket) => native.splitFile(ticket, file, beginning, maxBytes, maxTensors), job);
}

/** Makes one file of a split one, given its first part. */
export async function mergeModel(first: string | URL, to: string | URL, options?: JobOptions): Promise<Written> {
  const origin = new Origin(mergeModel);
  const job = check.options<JobOptions>(options, 'mergeModel', jobChecks);
  const [file, path] = [pathOf(first), pathOf(to)];
  const written = await runJob<NativeWritten>(origin, (ticket) => native.mergeFile(ticket, file, path), job);
  return { path, ...written };
}

type Scalar = 'u8' | 'i8' | 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64' | 'f32' | 'f64' | 'bool' | 'str';

/** Types of metadata values, as GGUF has them. */
export type MetadataType = Scalar | `${Scalar}[]`;

type EditValue = string | number | bigint | boolean;

export interface MetadataEdit {
  readonly key: string;
  /** Default: the type that the key has in the file, `str` where it is new. */
  readonly type?: MetadataType;
  readonly value: EditValue | readonly EditValue[];
}

export interface EditOptions extends JobOptions {
  /** Entries that are added, or take the place of those of their keys. */
  set?: readonly MetadataEdit[];
  /** Keys of entries that are left out. */
  remove?: readonly string[];
  /** The file to write. Default: the new file takes the old one's place. */
  to?: string | URL;
}

const scalars: readonly Scalar[] = ['u8', 'i8', 'u16', 'i16', 'u32', 'i32', 'u64', 'i64', 'f32', 'f64', 'bool', 'str'];
export const metadataTypes: readonly MetadataType[] = [...scalars, ...scalars.map((t) => `${t}[]` as const)];

const editValue: check.Check<EditValue> = (value, name) => {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return value;
  return check.refuse(name, 'a string, a number, a bigint, true or false, or a list of one of them', value);
};

const values: check.Check<MetadataEdit['value']> = (value, name) => (Array.isArray(value) ? check.listOf(editValue)(value, name) : editValue(value, name));

const entryChecks: check.Checks<MetadataEdit> = { key: check.string, type: check.oneOf(metadataTypes), value: values };

const entry: check.Check<MetadataEdit> = (given, name) => {
  const { key, type, value } = check.record<MetadataEdit>(given, name, entryChecks);
  if (key === undefined || value === undefined) return check.refuse(name, 'a key and a value', given);
  return { key, value, ...(type !== undefined && { type }) };
};

const editChecks: check.Checks<EditOptions> = {
  set: check.listOf(entry),
  remove: check.listOf(check.string),
  to: (value) => pathOf(value as string | URL),
  ...jobChecks,
};

const spelt = (value: EditValue): string => (typeof value === 'string' ? JSON.stringify(value) : String(value));

const textOf = (value: MetadataEdit['value']): string => (typeof value === 'object' ? `[${value.map(spelt).join(',')}]` : String(value));

/** Changes a file's metadata: the tensors are copied, and the file appears when it is complete. */
export async function editModel(from: string | URL, options: EditOptions): Promise<Written> {
  const origin = new Origin(editModel);
  const { set = [], remove = [], to, ...job } = check.options<EditOptions>(options, 'editModel', editChecks);
  if (set.length === 0 && remove.length === 0) throw new LlamaError('ARGUMENT', 'editModel: expected something to set or to remove');
  const file = pathOf(from);
  const path = to === undefined ? file : String(to);
  const changes = set.map(
    ({ key, type = '', value }) => [key, type === '' || typeof value !== 'object' || type.endsWith('[]') ? type : `${type}[]`, textOf(value)] as const,
  );
  const written = await runJob<NativeWritten>(origin, (ticket) => native.editFile(ticket, file, path, changes, remove), job);
  return { path, ...written };
}

export interface KeyDifference {
  readonly key: string;
  readonly what: 'only in A' | 'only in B' | 'value';
}

export interface TensorDifference {
  readonly name: string;
  readonly what: 'only in A' | 'only in B' | 'type' | 'shape' | 'values';
  /** Type and shape in words; empty where there is no such tensor. */
  readonly a: string;
  readonly b: string;
  /** The largest difference of two values, both decoded; NaN where that cannot be said. Present for `type` and `values`. */
  readonly largest?: number;
}

/** What two models differ in; both lists are empty where they are the same. */
export interface Differences {
  readonly metadata: readonly KeyDifference[];
  readonly tensors: readonly TensorDifference[];
}

/** Compares two models, files or folders, in metadata and tensors. How a file is split does not count. */
export async function diffModels(a: string | URL, b: string | URL, options?: JobOptions): Promise<Differences> {
  const origin = new Origin(diffModels);
  const job = check.options<JobOptions>(options, 'diffModels', jobChecks);
  const [first, second] = [pathOf(a), pathOf(b)];
  const found = await runJob<NativeDifferences>(origin, (ticket) => native.diffFiles(ticket, first, second), job);
  const tensors = found.tensors.map(({ largest, ...rest }) => (rest.what === 'values' || rest.what === 'type' ? { ...rest, largest } : rest));
  return { metadata: found.metadata, tensors };
}
