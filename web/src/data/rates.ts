// How fast an answer came, as numbers for a plot.

const stretchMs = 200;
const mostPoints = 60;

/** Counts what comes when. */
export class Rates {
  readonly #counts: number[] = [];
  #from: number | undefined;

  /** So many tokens came at this time, in milliseconds. */
  heard(count: number, at: number): void {
    this.#from ??= at;
    const stretch = Math.floor((at - this.#from) / stretchMs);
    while (this.#counts.length <= stretch) this.#counts.push(0);
    this.#counts[stretch] = (this.#counts[stretch] ?? 0) + count;
  }

  /** Tokens a second, of as many stretches as a plot has room for; the last one, which is not over, is left out. */
  get points(): readonly number[] {
    const whole = this.#counts.slice(0, -1);
    const width = Math.max(1, Math.ceil(whole.length / mostPoints));
    const points: number[] = [];
    for (let i = 0; i < whole.length; i += width) {
      const part = whole.slice(i, i + width);
      points.push((part.reduce((sum, count) => sum + count, 0) * 1000) / (stretchMs * part.length));
    }
    return points;
  }
}

/** A line through the points in a box, as SVG has it. */
export function lineOf(points: readonly number[], width: number, height: number): string {
  const top = Math.max(...points, 1e-9);
  const step = points.length > 1 ? width / (points.length - 1) : 0;
  return points.map((point, i) => `${(i * step).toFixed(1)},${(height - (point / top) * height).toFixed(1)}`).join(' ');
}
