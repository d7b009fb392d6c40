import type { Budget } from './budget';

/** What one render has to itself. */
export interface Run {
  readonly budget: Budget;
  /** What `strftime_now` tells. */
  readonly now: Date;
  /** What transformers' sandbox refuses, and other renderers of chat templates do: `append` of lists, and generators as JSON. */
  readonly lenient?: boolean;
}
