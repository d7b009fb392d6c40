// Which of a repository's files a name means: the parts of one model, by quantization, and what belongs beside them.
import { nearest } from '../nearest';
import { LlamaError } from '../errors';
import { spelled, type HubReference } from './reference';

interface Named {
  readonly path: string;
}

/** A model of a repository, whose files are the parts of it. */
export interface Candidate<F extends Named> {
  /** The path of its file, or what those of its parts have in common. */
  readonly name: string;
  /** As its name says: `Q4_K_M`, `UD-Q4_K_XL`. */
  readonly quant: string | undefined;
  readonly parts: readonly F[];
}

/** What is taken where no quantization was named: the first that there is. Behind Q4_K_M those that are nearest to it in size. */
const byPreference =
  'Q4_K_M UD-Q4_K_XL Q4_K_L Q4_K_XL Q4_K_S Q4_1 Q4_0 IQ4_NL IQ4_XS MXFP4_MOE MXFP4 NVFP4 Q4_K Q5_K_S Q5_0 Q5_K_M UD-Q5_K_XL Q5_1 Q5_K Q3_K_L Q3_K_XL UD-Q3_K_XL ' +
  'Q3_K_M IQ3_M IQ3_S Q3_K_S Q6_K UD-Q6_K_XL Q6_K_L Q3_K IQ3_XS IQ3_XXS Q8_0 UD-Q8_K_XL Q2_K_L Q2_K UD-Q2_K_XL BF16 F16 F32';
const preferred = byPreference.split(' ');

const partName = /^(.*)-(\d{5})-of-(\d{5})(\.gguf)$/i;
const quantName =
  /(?:^|[-._/])((?:UD-)?(?:I?Q[1-8]_(?:K(?:_(?:XXS|XS|S|M|L|XL))?|[01]|XXS|XS|S|M|L|NL)|TQ[12]_0|MXFP4(?:_MOE)?|NVFP4|BF16|F16|FP16|F32|FP32))(?=$|[-./])/gi;

/** The quantization that a path tells, where it tells one: the last, so that a file's name comes before its folder's. */
export function quantOf(path: string): string | undefined {
  const found = [
    ...path
      .replace(partName, '$1')
      .replace(/\.gguf$/i, '')
      .matchAll(quantName),
  ].at(-1)?.[1];
  return found?.toUpperCase().replace(/^FP/, 'F');
}

const fileName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/') + 1);

const isGguf = (path: string): boolean => /\.gguf$/i.test(path);
const isProjector = (path: string): boolean => /(^|[-._])mmproj/i.test(fileName(path));
/** Files that are no model: importance matrices, and what predicts beside one. */
const isBeside = (path: string): boolean => isProjector(path) || /^(imatrix|mtp)[-._]|[-._]imatrix\.gguf$/i.test(fileName(path));

/** The models among files; a split one is left out while parts of it are missing. */
export function candidates<F extends Named>(files: readonly F[]): Candidate<F>[] {
  const groups = new Map<string, F[]>();
  for (const file of files.filter((f) => isGguf(f.path) && !isBeside(f.path))) {
    const name = file.path.replace(partName, '$1-of-$3$4');
    groups.set(name, [...(groups.get(name) ?? []), file]);
  }
  return [...groups].flatMap(([name, parts]) => {
    const sorted = [...parts].sort((a, b) => (a.path < b.path ? -1 : 1));
    const whole = Number(partName.exec(sorted[0]?.path ?? '')?.[3] ?? 1);
    if (whole !== sorted.length) return [];
    return [
      { name: whole > 1 || partName.test(sorted[0]?.path ?? '') ? name.replace(/-of-\d{5}(?=\.gguf$)/i, '') : name, quant: quantOf(name), parts: sorted },
    ];
  });
}

/** A list that is no longer than people read. */
export const some = (names: readonly string[]): string =>
  names.length > 24 ? `${names.slice(0, 24).join(', ')} and ${names.length - 24} more` : names.join(', ');

/** The quantizations that there are, each once. */
export const quantsOf = <F extends Named>(all: readonly Candidate<F>[]): string[] => [...new Set(all.flatMap((c) => c.quant ?? []))];

function one<F extends Named>(reference: HubReference, found: readonly Candidate<F>[]): Candidate<F> {
  const [first, second] = found;
  if (first && !second) return first;
  throw new LlamaError(
    'ARGUMENT',
    `${spelled(reference)} means several files: ${some(found.map((c) => c.parts[0]?.path ?? ''))}; name one of them, such as hf:${reference.repo}/${first?.parts[0]?.path ?? ''}`,
  );
}

function byFile<F extends Named>(reference: HubReference, file: string, files: readonly F[], all: readonly Candidate<F>[]): Candidate<F> {
  const found = all.find((c) => c.parts.some((p) => p.path === file));
  if (found) return found;
  const alone = files.find((f) => f.path === file);
  if (alone && !partName.test(file)) return { name: file, quant: quantOf(file), parts: [alone] };
  if (alone) throw new LlamaError('NOT_FOUND', `${reference.repo} has not all parts of ${file}`);
  const paths = files.filter((f) => isGguf(f.path)).map((f) => f.path);
  const near = nearest(file, paths);
  throw new LlamaError(
    'NOT_FOUND',
    `${reference.repo} has no file ${file}: ${near === undefined ? `it has ${some(paths) || 'no GGUF file'}` : `did you mean ${near}?`}`,
  );
}

function byQuant<F extends Named>(reference: HubReference, quant: string, all: readonly Candidate<F>[]): Candidate<F> {
  const wanted = quant.toUpperCase();
  const exact = all.filter((c) => c.quant === wanted);
  if (exact.length > 0) return one(reference, exact);
  // Names of the publisher's own, as a word of the file's name.
  const word = new RegExp(`(?:^|[-._/])${wanted.replace(/[.-]/g, '\\$&')}(?=$|[-./])`);
  const spelledSo = all.filter((c) => word.test(c.name.toUpperCase().replace(/\.GGUF$/, '')));
  if (spelledSo.length > 0) return one(reference, spelledSo);
  const quants = quantsOf(all);
  const near = nearest(quant, quants);
  throw new LlamaError('NOT_FOUND', `${reference.repo} has no ${quant}: it has ${some(quants)}${near === undefined ? '' : `; did you mean ${near}?`}`);
}

/** The model that a reference means, among a repository's files. */
export function choose<F extends Named>(reference: HubReference, files: readonly F[]): Candidate<F> {
  const all = candidates(files);
  if (reference.file !== undefined) return byFile(reference, reference.file, files, all);
  if (all.length === 0) {
    const converts = files.some((f) => /\.safetensors$/.test(f.path))
      ? ': it has safetensors, which llama-ts convert makes a GGUF file of; look for a repository whose name ends in -GGUF'
      : '';
    throw new LlamaError('NOT_FOUND', `${reference.repo} has no GGUF file${converts}`);
  }
  if (reference.quant !== undefined) return byQuant(reference, reference.quant, all);
  for (const quant of preferred) {
    const found = all.filter((c) => c.quant === quant);
    if (found.length > 0) return one(reference, found);
  }
  return one(reference, all);
}

/** What reads images beside a model, where there is one: in its folder or above, in the type that loses least for its size. */
export function projectorOf<F extends Named>(model: Candidate<F>, files: readonly F[]): F | undefined {
  const folder = folderOf(model.name);
  const found = files.filter((f) => isGguf(f.path) && isProjector(f.path) && folder.startsWith(folderOf(f.path)));
  const rank = (f: F): number => (folderOf(f.path) === folder ? 0 : 10) + (['F16', 'BF16', 'Q8_0', 'F32'].indexOf(quantOf(f.path) ?? '') + 1 || 5);
  return [...found].sort((a, b) => rank(a) - rank(b))[0];
}
