// Files of numbers.
import { rename, rm, writeFile } from 'node:fs/promises';
import { endianness } from 'node:os';

/** Little-endian float32, written aside and renamed, so that a file of that name is always whole. */
export async function save(path: string, values: Float32Array): Promise<void> {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  if (endianness() === 'BE') bytes.swap32();
  const aside = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(aside, bytes);
    await rename(aside, path);
  } catch (error) {
    await rm(aside, { force: true });
    throw error;
  }
}
