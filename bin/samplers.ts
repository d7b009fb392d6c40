// The order of samplers, in our names, llama.cpp's names (top_k) and llama.cpp's letters.
import type { SamplerName } from '../lib';
import { samplers } from '../lib/generated/samplers';

const plain = (name: string): string => name.toLowerCase().replace(/[-_\s]/g, '');

const names = samplers.map((s) => s.name);
const other: Readonly<Record<string, SamplerName>> = { typ: 'typicalP', typp: 'typicalP', typical: 'typicalP', nucleus: 'topP', temp: 'temperature' };
const letters: Readonly<Record<string, SamplerName>> = {
  e: 'penalties',
  d: 'dry',
  s: 'topNSigma',
  k: 'topK',
  y: 'typicalP',
  p: 'topP',
  m: 'minP',
  x: 'xtc',
  t: 'temperature',
  a: 'adaptiveP',
};

/** Which letter is which sampler, for people. */
export const letterList = Object.entries(letters)
  .map(([letter, name]) => `${letter} ${name}`)
  .join(', ');

/** "top_k;top_p", "topK,topP" */
export function samplersByName(text: string): SamplerName[] {
  return text.split(/[;,]/).flatMap((given) => {
    const name = plain(given);
    const found = names.find((n) => plain(n) === name) ?? (Object.hasOwn(other, name) ? other[name] : undefined);
    if (found !== undefined) return [found];
    throw new Error(`--samplers: expected some of ${names.join(', ')}, separated by semicolons, found "${given.trim()}"`);
  });
}

/** "kpmt" */
export function samplersByLetter(text: string): SamplerName[] {
  return [...text].flatMap((letter) => {
    const found = Object.hasOwn(letters, letter) ? letters[letter] : undefined;
    if (found !== undefined) return [found];
    const known = Object.entries(letters).map(([l, name]) => `${l} (${name})`);
    throw new Error(`--sampler-seq: expected some of the letters ${known.join(', ')}, found "${letter}"`);
  });
}
