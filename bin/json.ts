/** A value as a line of JSON. What JSON has no numbers for is a string: "Infinity", "-Infinity", "NaN", and whole numbers past 2^53. */
export function jsonLine(value: unknown): string {
  const exact = (_: string, each: unknown): unknown => (typeof each === 'bigint' || (typeof each === 'number' && !Number.isFinite(each)) ? String(each) : each);
  return `${JSON.stringify(value, exact)}\n`;
}
