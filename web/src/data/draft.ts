// An answer while it is made.
import { withCall, type Heard } from '../api/chat';
import { Rates } from './rates';
import type { Answer, Failure } from './types';

/** Gathers what is heard of an answer. */
export class Draft {
  readonly #rates = new Rates();

  constructor(public answer: Answer) {}

  heard(heard: Heard, at: number): void {
    const { answer } = this;
    if (heard.type === 'end') {
      const chances = [...(answer.chances ?? []), ...heard.chances];
      const rates = this.#rates.points;
      this.answer = {
        ...answer,
        state: heard.length ? 'length' : 'done',
        ...(heard.timings && { timings: heard.timings }),
        ...(chances.length > 0 && { chances }),
        ...(rates.length > 1 && { rates }),
      };
      return;
    }
    this.#rates.heard(heard.type === 'text' ? heard.chances.length || 1 : 1, at);
    const running = { ...answer, state: 'running' as const };
    if (heard.type === 'reasoning') this.answer = { ...running, reasoning: answer.reasoning + heard.text };
    else if (heard.type === 'call') this.answer = { ...running, calls: withCall(answer.calls, heard) };
    else
      this.answer = {
        ...running,
        text: answer.text + heard.text,
        ...(heard.chances.length > 0 && { chances: [...(answer.chances ?? []), ...heard.chances] }),
      };
  }

  get open(): boolean {
    return this.answer.state === 'waiting' || this.answer.state === 'running';
  }

  /** It ends here, unless it has ended already. */
  end(how: 'stopped' | Failure): void {
    if (!this.open) return;
    const rates = this.#rates.points;
    const more = { ...this.answer, ...(rates.length > 1 && { rates }) };
    this.answer = how === 'stopped' ? { ...more, state: 'stopped' } : { ...more, state: 'failed', failure: how };
  }
}
