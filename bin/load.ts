import { embeddedModel, loadModel, ranks, type Model } from '../lib';
import { adapterOptions } from './adapters';
import { loadOptions, type Flags } from './flags';
import { bringModel, hubOptions, nameOf } from './model-name';
import { note, progress } from './screen';

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

/** The path of what the flags name, brought where it has a name and is not here yet; without one the embedded model's. */
export async function modelPath(flags: Flags, signal?: AbortSignal): Promise<string> {
  const name = nameOf(flags);
  if (name === undefined) return typeof flags.model === 'string' ? flags.model : embeddedModel;
  return (await bringModel(name, { ...hubOptions(flags), update: false, mmproj: false, ...(signal && { signal }) })).path;
}

/** Loads what the flags name, with a progress bar; without --model the embedded one, and says so. */
export async function load(flags: Flags, command: string, signal?: AbortSignal): Promise<Model> {
  const path = await modelPath(flags, signal);
  if (path === embeddedModel && ranks.rank === 0)
    note(`Using the small story model that comes with llama-ts. For a real model: llama-ts ${command} -m FILE.gguf, or one that llama-ts pull lists`);
  const bar = progress('Loading');
  const began = performance.now();
  try {
    const model = await loadModel(path, { ...loadOptions(flags), ...adapterOptions(flags), onProgress: (f) => bar.show(f), ...(signal && { signal }) });
    bar.end();
    if (flags.verbose === true) describe(model, performance.now() - began);
    return model;
  } finally {
    bar.end();
  }
}

function describe({ info }: Model, ms: number): void {
  const { memory } = info;
  note(`${info.name || info.architecture} (${info.architecture}, ${(info.parameters / 1e6).toFixed(1)}M parameters, ${info.fileType}) on ${info.backend}`);
  if (info.ranks !== undefined) note(info.ranks);
  note(
    `loaded in ${ms.toFixed(0)} ms: weights ${mebibytes(memory.weights)}, context of ${info.contextTokens} tokens ${mebibytes(memory.kv)}, ` +
      `${memory.states > 0 ? `states ${mebibytes(memory.states)}, ` : ''}scratch ${mebibytes(memory.scratch)}, tables ${mebibytes(memory.tables)}` +
      (memory.adapters > 0 ? `, adapters ${mebibytes(memory.adapters)}` : ''),
  );
}
