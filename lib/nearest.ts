// The known name that a mistyped one is nearest to.

/** Letters to insert, delete, replace or swap with a neighbour, to make one word of the other. */
export function distance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min((row[j - 1] ?? 0) + (same ? 0 : 1), (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) least = Math.min(least, (before[j - 2] ?? 0) + 1);
      next.push(least);
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}

/** The known name that was probably meant, if one is near enough: a third of its letters may be wrong, or the rest may be missing. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const word = given.toLowerCase();
  let best: string | undefined;
  let least = Infinity;
  for (const name of known) {
    const begins = word.length >= 3 && name.startsWith(word);
    const wrong = begins ? 1 : distance(word, name.toLowerCase());
    if (wrong < least && (begins || wrong <= Math.max(1, Math.floor(Math.max(word.length, name.length) / 3)))) [best, least] = [name, wrong];
  }
  return best;
}
