// Which control tokens of a rendered prompt are the template's own.
import type { Budget, Steps } from './jinja/budget';
import type { Text } from './jinja/text';
import type { Segment } from './native';

/**
 * How a vocabulary's control tokens are spelled.
 * @internal
 */
export class Spelling {
  readonly #longestFirst: readonly string[];
  readonly #any: RegExp | undefined;

  constructor(controls: readonly string[]) {
    this.#longestFirst = controls.filter((spelled) => spelled !== '').sort((a, b) => b.length - a.length);
    const pattern = this.#longestFirst.map((spelled) => spelled.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
    if (pattern !== '') this.#any = new RegExp(pattern, 'g');
  }

  /**
   * The prompt in segments: those with `control` are read for control tokens. What spells one with letters of the user
   * among it becomes a segment without.
   */
  *segments(text: Text, budget: Budget): Steps<Segment[]> {
    const out: Segment[] = [];
    const cut = (from: number, to: number, control: boolean): void => {
      if (from < to) out.push({ text: text.plain.slice(from, to), control });
    };
    let from = 0;
    let at = 0;
    for (let match = this.#next(text, at); match; match = this.#next(text, at)) {
      if (budget.step(1 + ((match.index - at) >> 4))) yield;
      const own = text.userAt(match.index) ? undefined : this.#own(text, match.index);
      at = match.index + (own?.length ?? lastOfUser(text, match.index, match.index + match[0].length));
      if (own === match[0]) continue;
      cut(from, own === undefined ? match.index : at, true);
      if (own === undefined) cut(match.index, at, false);
      from = at;
    }
    cut(from, text.plain.length, true);
    return out;
  }

  #next(text: Text, at: number): RegExpExecArray | null {
    if (!this.#any) return null;
    this.#any.lastIndex = at;
    return this.#any.exec(text.plain);
  }

  /** The longest control token that stands here in letters of the template alone. */
  #own(text: Text, at: number): string | undefined {
    return this.#longestFirst.find((spelled) => text.plain.startsWith(spelled, at) && ofTemplate(text, at, at + spelled.length));
  }
}

const ofTemplate = (text: Text, from: number, to: number): boolean => !text.userAt(from) && text.runEnd(from) >= to;

/** How many letters there are up to the user's last. */
function lastOfUser(text: Text, from: number, to: number): number {
  let at = to;
  while (!text.userAt(at - 1)) at--;
  return at - from;
}
