// One request on its way through the server, and what a route is.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { GenericSchema, InferOutput } from 'valibot';

import type { Thread } from './anthropic/messages';
import type { Form } from './failure';
import type { Kept } from './kept';
import type { Log } from './log';
import type { ServerMetrics } from './metrics';
import type { Models } from './models';
import type { ResponseStore } from './openai/response-store';
import type { Settings } from './options';

/** What all requests share. */
export interface State {
  readonly settings: Settings;
  readonly models: Models;
  readonly metrics: ServerMetrics;
  readonly log: Log;
  readonly responses: ResponseStore;
  readonly threads: Kept<Thread>;
  readonly phase: { draining: boolean };
}

/** What a request's line of the log has besides. */
export interface Noted {
  model?: string;
  promptTokens?: number;
  completionTokens?: number;
  /** What answers were not as they had to be. */
  problems?: number;
}

/** A request. */
export interface Call {
  readonly id: string;
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly headers: IncomingHttpHeaders;
  readonly query: URLSearchParams;
  /** What a route's `*` stands for. */
  readonly rest: string;
  /** Aborted when the client goes, the time is over or the server ends. */
  readonly signal: AbortSignal;
  /** Whose it is, for fairness: a number of a key, never the key. */
  readonly owner: string;
  readonly state: State;
  readonly noted: Noted;
}

/** An answer that is not JSON. */
export class Text {
  constructor(
    readonly text: string,
    readonly type: string,
  ) {}
}

/** Says that the answer is written already. */
export const sent: unique symbol = Symbol('sent');

/** A place of the API. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `/v1/models/*`: the star is the rest of the path. */
  readonly path: string;
  /** Other paths of the same. */
  readonly also?: readonly string[];
  readonly form: Form;
  readonly summary: string;
  /** `open` needs no key, `manage` one for managing models. */
  readonly access?: 'open' | 'manage';
  /** The schema of the body; absent: there is none. */
  readonly body?: GenericSchema;
  /** What it can answer with besides JSON. */
  readonly streams?: 'text/event-stream' | 'application/x-ndjson';
  readonly run: (call: Call, body: never) => Promise<unknown>;
}

/** A route whose body is read by its schema. */
export function route<S extends GenericSchema>(
  of: Omit<Route, 'run' | 'body'> & { body: S; run: (call: Call, body: InferOutput<S>) => Promise<unknown> },
): Route {
  return of as Route;
}

/** A route without a body. */
export function bare(of: Omit<Route, 'run' | 'body'> & { run: (call: Call) => Promise<unknown> }): Route {
  return of as Route;
}
