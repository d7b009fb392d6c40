// Compares bytes.
export function expectSameBits(found: Float32Array, expected: Float32Array, what: string): void {
  const bytes = (x: Float32Array) => Buffer.from(x.buffer, x.byteOffset, x.byteLength);
  if (bytes(found).equals(bytes(expected))) return;
  const at = found.findIndex((v, i) => !Object.is(v, expected[i]));
  throw new Error(`${what}: value ${at} of ${expected.length} is ${found[at]}, not ${expected[at]}`);
}
