// The models of a folder: GGUF files, of split ones the first part, and folders that hold one.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

const laterPart = /-(?!00001-of-)\d{5}-of-\d{5}\.gguf$/i;
const isModel = (name: string): boolean => /\.gguf$/i.test(name) && !laterPart.test(name) && !/^mmproj/i.test(name);

export function modelsIn(folder: string): string[] {
  const found = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => (entry.isDirectory() ? existsSync(join(folder, entry.name, 'config.json')) : isModel(entry.name)))
    .map((entry) => join(folder, entry.name))
    .sort();
  if (found.length === 0) throw new Error(`--models-dir: expected GGUF files or folders with config.json in ${folder}, found none`);
  return found;
}
