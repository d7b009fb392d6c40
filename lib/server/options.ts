// What a server is told.
import { LlamaError, type LoadOptions, type Tool } from '../index';
import type { Check } from '../check';
import { toolChecks } from '../tools';
import type { LogEntry, LogLevel } from './log';

/** A model to serve. */
export interface ModelSource {
  /** A GGUF file, the first part of a split one, or a Hugging Face folder. */
  readonly path: string;
  /** Default: the file's name without its ending. */
  readonly name?: string;
  readonly aliases?: readonly string[];
  /** A Jinja chat template in place of the file's, or the name of one. */
  readonly template?: string;
  readonly load?: LoadOptions;
}

/** How a server is set up. */
export interface HandlerOptions {
  /** The model to serve: the path of a file or folder, or more about it. It is loaded at once, and stays. */
  model?: string | ModelSource;
  /** Several, each loaded when it is first asked for. The first is the one for requests that name none. */
  models?: readonly (string | ModelSource)[];
  /** How models are loaded; what a model says of itself counts more. */
  load?: LoadOptions;
  /** Answers that a model makes at a time; more wait. Default 32. */
  parallel?: number;
  /** Requests that may wait for a model; more are refused with 429. Default 256. */
  maxQueue?: number;
  /** Seconds that an unused model of several stays in memory. Default 300; Infinity: for ever. */
  keepAlive?: number;
  /** Bytes that models may take together. Default: what the machine has. */
  memory?: number;
  /** Keys, one of which a request must show. Default: none. */
  apiKeys?: readonly string[];
  /** Keys that may load and unload models; without any, nobody may. */
  adminKeys?: readonly string[];
  /**
   * Whether whoever shows one of `adminKeys` may bring models of the hub by name, and remove them (Ollama's `/api/pull` and `/api/delete`). Those that the
   * cache has are served too, and there may be none to begin with. Default false.
   */
  pull?: boolean;
  /** Names that the server is called by, besides loopback's and the address it was reached at. */
  allowedHosts?: readonly string[];
  /** Pages of which origins may use it, such as `https://app.example`; exact. Default: its own. */
  corsOrigins?: readonly string[];
  /** Bytes of a body. Default 32 MiB. */
  maxBodyBytes?: number;
  /** Seconds that a request may take, its waiting included. Default: any time. */
  deadline?: number;
  /** Seconds that a reader of a stream may not read. Default 30. */
  stall?: number;
  /** Responses that are kept for `previous_response_id`, in memory. Default 1000; each is kept for an hour at most. */
  storedResponses?: number;
  /** Whether browsers are given the web page at `/`. Default true. */
  page?: boolean;
  /**
   * Tools that the server runs itself, for whoever may use it: the page can offer them to the model. Each needs a `run`. Those of MCP servers are
   * `tools` of what `connectMcp` gives.
   */
  tools?: Readonly<Record<string, Tool>>;
  /**
   * What requests get that offer tools and have no `tool_choice`. `required`: a call, unless a tool's answer is the last message; for small models,
   * which seldom call by themselves. Default `auto`.
   */
  toolChoice?: 'auto' | 'required';
  /** What is told. Default `info`; a handler's, `silent`. */
  logLevel?: LogLevel;
  /** Takes the log's lines. Default: JSON on standard error. */
  log?: (entry: LogEntry) => void;
}

/** How a server of its own is set up. */
export interface ServeOptions extends HandlerOptions {
  /** Default 127.0.0.1: this machine alone. */
  host?: string;
  /** Default 8080; 0: any that is free. */
  port?: number;
  /** Bind wider than this machine without a key. Default false: that is refused. */
  openToAll?: boolean;
  /** TLS: the text of certificate and key, PEM. */
  tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
  /** Connections at a time; more are closed. Default 16384. */
  maxConnections?: number;
  /** Seconds that running requests have to finish when the server closes. Default 30. */
  grace?: number;
}

/** @internal */
export interface Settings {
  readonly sources: readonly ModelSource[];
  /** Loaded from the start. */
  readonly preload: boolean;
  readonly load: LoadOptions;
  readonly parallel: number;
  readonly maxQueue: number;
  readonly keepAlive: number;
  readonly memory: number;
  readonly apiKeys: readonly string[];
  readonly adminKeys: readonly string[];
  readonly pull: boolean;
  readonly allowedHosts: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly maxBodyBytes: number;
  readonly deadline: number;
  readonly stall: number;
  readonly storedResponses: number;
  readonly page: boolean;
  readonly tools: Readonly<Record<string, Tool>>;
  readonly toolChoice: 'auto' | 'required';
  readonly logLevel: LogLevel;
  readonly log: ((entry: LogEntry) => void) | undefined;
}

const refuse = (name: string, expected: string): never => {
  throw new LlamaError('ARGUMENT', `${name}: expected ${expected}`);
};

function between(name: string, value: number | undefined, fallback: number, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !(value >= least && (value <= most || value === Infinity)))
    refuse(name, `a number of at least ${least}, found ${String(value)}`);
  return value;
}

function keys(name: string, given: readonly string[] = []): readonly string[] {
  if (given.some((key) => typeof key !== 'string' || !/^[\x21-\x7e]+$/.test(key))) refuse(name, 'keys of letters, digits and signs, without spaces');
  return given;
}

function origins(given: readonly string[] = []): readonly string[] {
  const bad = given.find((origin) => !/^https?:\/\/[^/*?#\s]+$/.test(origin));
  if (bad !== undefined) refuse('corsOrigins', `origins such as https://app.example, found ${JSON.stringify(bad)}`);
  return given.map((origin) => origin.toLowerCase());
}

function ownTools(given: Readonly<Record<string, Tool>> | undefined): Readonly<Record<string, Tool>> {
  const tools = given === undefined ? {} : (toolChecks.tools as Check<Readonly<Record<string, Tool>>>)(given, 'tools');
  const idle = Object.keys(tools).find((name) => tools[name]?.run === undefined);
  if (idle !== undefined) refuse(`tools.${idle}`, 'a tool with run: the server runs it');
  return tools;
}

function choice(given: 'auto' | 'required' = 'auto'): 'auto' | 'required' {
  if (given !== 'auto' && given !== 'required') refuse('toolChoice', `'auto' or 'required', found ${JSON.stringify(given)}`);
  return given;
}

const source = (given: string | ModelSource): ModelSource => (typeof given === 'string' ? { path: given } : given);

/**
 * Checked options.
 * @internal
 */
export function settingsFrom(options: HandlerOptions, usualLevel: LogLevel): Settings {
  const { model, models } = options;
  if ((model === undefined) === (models === undefined)) refuse('model, models', 'one of the two');
  const sources = (models ?? [model as string | ModelSource]).map(source);
  const { pull = false } = options;
  if (pull && (options.adminKeys ?? []).length === 0) refuse('pull', 'adminKeys beside it (--admin-key): keys of those who may bring models');
  if (sources.length === 0 && !pull) refuse('models', 'at least one model, found none');
  const single = models === undefined;
  return {
    sources,
    preload: single,
    load: options.load ?? {},
    parallel: between('parallel', options.parallel, 32, 1, 4096),
    maxQueue: between('maxQueue', options.maxQueue, 256, 0),
    keepAlive: between('keepAlive', options.keepAlive, single && !pull ? Infinity : 300, 0),
    memory: between('memory', options.memory, Infinity, 1),
    apiKeys: keys('apiKeys', options.apiKeys),
    adminKeys: keys('adminKeys', options.adminKeys),
    pull,
    allowedHosts: (options.allowedHosts ?? []).map((name) => name.toLowerCase()),
    corsOrigins: origins(options.corsOrigins),
    maxBodyBytes: between('maxBodyBytes', options.maxBodyBytes, 32 * 2 ** 20, 1024),
    deadline: between('deadline', options.deadline, Infinity, 0.001),
    stall: between('stall', options.stall, 30, 0.001),
    storedResponses: between('storedResponses', options.storedResponses, 1000, 0),
    page: options.page ?? true,
    tools: ownTools(options.tools),
    toolChoice: choice(options.toolChoice),
    logLevel: options.logLevel ?? usualLevel,
    log: options.log,
  };
}
