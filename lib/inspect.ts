import { native } from './binding';
import * as check from './check';
import { Origin } from './errors';
import type { NativeFile, NativeMetadata } from './native';
import { runJob } from './job';
import { withHeader } from './hub/header';
import { locateNamed } from './hub/locate';
import { hubChecks, type HubOptions } from './hub/settings';
import { pathOf, referenceOf } from './path';

/** A value of a file's metadata; whole numbers past 2^53 are bigints. */
export type MetadataValue = boolean | number | bigint | string | readonly MetadataValue[];

export interface TensorInfo {
  readonly name: string;
  /** As people write it: `Q4_K`. */
  readonly type: string;
  /** The contiguous dimension first. */
  readonly shape: readonly number[];
  readonly bytes: number;
}

/** What a model file says about itself. */
export interface FileInfo {
  readonly path: string;
  /** Of the format. */
  readonly version: number;
  /** Files that it is split into. */
  readonly parts: number;
  readonly bytes: number;
  readonly tensorBytes: number;
  readonly parameters: number;
  readonly metadata: ReadonlyMap<string, MetadataValue>;
  readonly tensors: readonly TensorInfo[];
}

const values = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** Where a remote file is looked up. */
export interface InspectOptions extends HubOptions {
  /** Stop: the call rejects with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Reads the metadata and tensor list of a GGUF file, or of a folder as they would be in a GGUF file, without loading it. Of a model that is named
 * (`hf:user/repo:Q4_K_M`, an https address) and is not in the cache it fetches as much as they take, and nothing of the weights.
 */
export async function inspectModel(path: string | URL, options?: InspectOptions): Promise<FileInfo> {
  const origin = new Origin(inspectModel);
  const { signal, ...hub } = check.options<InspectOptions>(options, 'inspectModel', { ...hubChecks, signal: check.signal });
  const name = referenceOf(path);
  if (name === undefined) return inspectFile(origin, pathOf(path));
  const cached = await locateNamed(name, hub);
  if (cached !== undefined) return inspectFile(origin, cached);
  const found = await withHeader(name, hub, signal ?? new AbortController().signal, (file) => inspectFile(origin, file));
  return { ...found, path: name };
}

async function inspectFile(origin: Origin, file: string): Promise<FileInfo> {
  const found = await runJob<NativeFile>(origin, (ticket) => native.inspect(ticket, file));
  const tensors = found.tensors.map(({ name, type, shape, bytes }) => ({ name, type, shape: shape.map(Number), bytes: Number(bytes) }));
  return {
    path: file,
    version: found.version,
    parts: found.parts,
    bytes: Number(found.bytes),
    tensorBytes: Number(found.tensorBytes),
    parameters: tensors.reduce((sum, t) => sum + values(t.shape), 0),
    metadata: new Map<string, NativeMetadata>(found.metadata),
    tensors,
  };
}
