import { native } from './binding';
import { Origin } from './errors';
import type { NativeFile, NativeMetadata } from './native';
import { runJob } from './job';
import { pathOf } from './path';

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

/** Reads the metadata and tensor list of a GGUF file, or of a folder as they would be in a GGUF file, without loading it. */
export async function inspectModel(path: string | URL): Promise<FileInfo> {
  const origin = new Origin(inspectModel);
  const file = pathOf(path);
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
