import type { Budget } from './budget';

/** What one render has to itself. */
export interface Run {
  readonly budget: Budget;
  /** What `strftime_now` tells. */
  readonly now: Date;
}
