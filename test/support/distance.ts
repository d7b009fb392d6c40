// How far rows of logits are from a reference.

// rms(a - b) / rms(b), both with their mean removed.
export function distance(a: Float32Array, b: Float32Array): number {
  const mean = (x: Float32Array) => x.reduce((sum, v) => sum + v, 0) / x.length;
  const meanA = mean(a);
  const meanB = mean(b);
  let error = 0;
  let scale = 0;
  for (let i = 0; i < b.length; i++) {
    error += (a[i]! - meanA - (b[i]! - meanB)) ** 2;
    scale += (b[i]! - meanB) ** 2;
  }
  return Math.sqrt(error / scale);
}

export function rows(values: Float32Array, width: number): Float32Array[] {
  return Array.from({ length: values.length / width }, (_, i) => values.subarray(i * width, (i + 1) * width));
}

export function rowDistances(a: Float32Array, b: Float32Array, width: number): number[] {
  if (a.length !== b.length) throw new Error(`${a.length / width} rows where ${b.length / width} were expected`);
  const reference = rows(b, width);
  return rows(a, width).map((row, i) => distance(row, reference[i]!));
}

// The value that a share of all values does not exceed: 0.5 is the median.
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((x, y) => x - y);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))]!;
}

// Natural log of the softmax.
export function logProbabilities(logits: Float32Array): Float32Array {
  const highest = logits.reduce((m, v) => Math.max(m, v), -Infinity);
  let sum = 0;
  for (const v of logits) sum += Math.exp(v - highest);
  const shift = highest + Math.log(sum);
  return logits.map((v) => v - shift);
}

export function best(logits: Float32Array): number {
  let at = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[at]!) at = i;
  return at;
}
