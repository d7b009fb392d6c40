// The models that are served: found by name, loaded when they are first used, kept while there is room, let go when nobody uses them.
import { LlamaError, loadModel, type LoadOptions, type Model } from '../index';
import { officialEndpoint } from '../hub/settings';
import { isAskedFor, parseReference, type Reference } from '../hub/reference';
import { ApiError } from './failure';
import { factsOf, TokenBytes, type Facts } from './file';
import type { ModelSource } from './options';
import { Queue } from './queue';

/** How models are kept. */
export interface Keeping {
  readonly load: LoadOptions;
  readonly parallel: number;
  readonly maxQueue: number;
  /** Seconds; Infinity: for ever. */
  readonly keepAlive: number;
  /** Bytes that all models together may take; Infinity: what the machine has. */
  readonly memory: number;
  readonly told: (event: 'loading' | 'loaded' | 'unloaded' | 'failed', served: Served, more?: Readonly<Record<string, unknown>>) => void;
}

/** A model in use. */
export interface Lease {
  readonly model: Model;
  /** Nanoseconds that it took to load for this request. */
  readonly loadMs: number;
  release(): void;
}

const latest = ':latest';
const quickPlaces = 4;

/** One of the models. */
export class Served {
  readonly queue: Queue;
  /** For what takes a moment of a processor, and no place of the model: tokens and counts. */
  readonly quick: Queue;
  model: Model | undefined;
  users = 0;
  lastUsed = 0;
  /** When it is let go, in milliseconds since 1970; undefined: not yet known. */
  expires: number | undefined;
  loading: Promise<Model> | undefined;
  leaving: Promise<void> | undefined; // memory
  timer: NodeJS.Timeout | undefined;
  bytes = 0; // that it took when it was last loaded
  #facts: Promise<Facts> | undefined;
  #tokenBytes: Promise<TokenBytes> | undefined;

  constructor(
    readonly name: string,
    readonly aliases: readonly string[],
    readonly path: string,
    readonly load: LoadOptions,
    readonly template: string | undefined,
    keeping: Keeping,
    /** Of a model that was brought by its name: `hf:user/repo:Q4_K_M`. */
    readonly reference?: string,
  ) {
    this.queue = new Queue(keeping.parallel, keeping.maxQueue);
    this.quick = new Queue(quickPlaces, keeping.maxQueue);
  }

  get facts(): Promise<Facts> {
    this.#facts ??= factsOf(this.path);
    this.#facts.catch(() => (this.#facts = undefined));
    return this.#facts;
  }

  get tokenBytes(): Promise<TokenBytes> {
    this.#tokenBytes ??= TokenBytes.of(this.path);
    this.#tokenBytes.catch(() => (this.#tokenBytes = undefined));
    return this.#tokenBytes;
  }

  isCalled(name: string): boolean {
    return [this.name, ...this.aliases].some((own) => own === name || `${own}${latest}` === name);
  }

  /** Whether a name of the hub means it. */
  isOfHub(name: Reference): boolean {
    return this.reference !== undefined && isAskedFor(name, parseReference(this.reference, officialEndpoint));
  }
}

/** All models. */
export class Models {
  #all: readonly Served[];
  readonly #left = new Set<Served>(); // no longer served, but in use or in memory
  readonly #keeping: Keeping;
  #turn: Promise<unknown> = Promise.resolve(); // one loads at a time
  #freed: (() => void)[] = [];
  readonly #closing = new AbortController();

  constructor(sources: readonly ModelSource[], keeping: Keeping) {
    this.#keeping = keeping;
    const names = new Set<string>();
    this.#all = sources.map((source) => {
      const served = this.#made(source);
      for (const each of [served.name, ...served.aliases]) {
        if (names.has(each)) throw new LlamaError('ARGUMENT', `models: two models are called ${JSON.stringify(each)}: give one of them another name`);
        names.add(each);
      }
      return served;
    });
  }

  get all(): readonly Served[] {
    return this.#all;
  }

  get #everyone(): readonly Served[] {
    return [...this.#all, ...this.#left];
  }

  #made({ path, name = baseName(path), aliases = [], template, load }: ModelSource, reference?: string): Served {
    return new Served(name, aliases, path, { maxSequences: this.#keeping.parallel, ...this.#keeping.load, ...load }, template, this.#keeping, reference);
  }

  /** Serves a model that was brought, in place of an older file of it. */
  add(source: ModelSource & { readonly name: string }, reference: string): Served {
    const known = this.#all.find((served) => served.isCalled(source.name));
    if (known?.path === source.path) return known;
    if (known && known.reference === undefined) throw new ApiError(409, `another model is called ${JSON.stringify(source.name)}`, { code: 'name_taken' });
    const served = this.#made(source, reference);
    this.#all = [...this.#all.filter((other) => other !== known), served];
    if (known) void this.#leave(known);
    return served;
  }

  /** Serves a model no longer, and lets it go when nobody uses it. */
  async remove(served: Served): Promise<void> {
    this.#all = this.#all.filter((other) => other !== served);
    await this.#leave(served);
  }

  async #leave(served: Served): Promise<void> {
    this.#left.add(served);
    if (served.users > 0 || served.loading) return; // its last user does it
    await this.unload(served);
    this.#left.delete(served);
  }

  /** Whether what has to be there from the start is. */
  ready = false;

  /** By name; without one, the first. */
  find(name: string | null | undefined): Served {
    const found = name === null || name === undefined || name === '' ? this.all[0] : (this.all.find((served) => served.isCalled(name)) ?? this.#ofHub(name));
    if (found) return found;
    if (this.all.length === 0) throw new ApiError(404, 'there is no model yet: POST /api/pull brings one', { code: 'model_not_found', param: 'model' });
    const shown = String(name).slice(0, 200);
    throw new ApiError(404, `the model ${JSON.stringify(shown)} is not here: GET /v1/models lists those that are`, { code: 'model_not_found', param: 'model' });
  }

  #ofHub(name: string): Served | undefined {
    if (!this.all.some(({ reference }) => reference !== undefined)) return undefined;
    try {
      const asked = parseReference(name, officialEndpoint);
      return this.all.find((served) => served.isOfHub(asked));
    } catch {
      return undefined; // it is no name of the hub
    }
  }

  /** The model, loaded where it is not; it stays until all that lease it have released it, and for its time behind that. */
  async lease(served: Served, signal: AbortSignal, keepAlive = this.#keeping.keepAlive): Promise<Lease> {
    const from = performance.now();
    served.users++;
    clearTimeout(served.timer);
    const loaded = served.model !== undefined;
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      served.users--;
      served.lastUsed = Date.now();
      if (this.#left.has(served)) void this.#leave(served);
      else this.#expire(served, keepAlive);
      for (const wake of this.#freed.splice(0)) wake();
    };
    try {
      const model = served.model ?? (await awaited(this.#load(served), signal));
      signal.throwIfAborted();
      return { model, loadMs: loaded ? 0 : performance.now() - from, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  #expire(served: Served, seconds: number): void {
    clearTimeout(served.timer);
    served.timer = undefined;
    served.expires = seconds === Infinity ? undefined : Date.now() + seconds * 1000;
    if (served.users > 0 || !served.model || seconds === Infinity) return;
    if (seconds <= 0) return void this.unload(served);
    served.timer = setTimeout(() => void this.unload(served), Math.min(seconds * 1000, 0x7fffffff));
    served.timer.unref();
  }

  #load(served: Served): Promise<Model> {
    served.loading ??= this.#inTurn(() => this.#loadNow(served)).finally(() => {
      served.loading = undefined;
      if (this.#left.has(served)) void this.#leave(served);
    });
    return served.loading;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #loadNow(served: Served): Promise<Model> {
    if (served.model) return served.model;
    this.#keeping.told('loading', served);
    const from = performance.now();
    try {
      await Promise.all(this.#everyone.map(({ leaving }) => leaving));
      await this.#makeRoom(served.bytes > 0 ? served.bytes : (await served.facts).bytes);
      const model = await this.#loadInRoom(served);
      served.bytes = bytesOf(model);
      served.model = model;
      await this.#trim();
      this.#keeping.told('loaded', served, { ms: Math.round(performance.now() - from), bytes: served.bytes });
      return model;
    } catch (error) {
      this.#keeping.told('failed', served, { error });
      throw error;
    }
  }

  async #loadInRoom(served: Served): Promise<Model> {
    for (;;) {
      try {
        return await loadModel(served.path, { ...served.load, signal: this.#closing.signal });
      } catch (error) {
        const oldest = error instanceof LlamaError && error.code === 'MEMORY' ? this.#idle() : undefined;
        if (!oldest) throw error;
        await this.unload(oldest);
      }
    }
  }

  /** Lets go of what was unused longest until `need` bytes fit; waits for those in use. */
  async #makeRoom(need: number): Promise<void> {
    const { memory } = this.#keeping;
    if (need > memory) throw new ApiError(500, `the model takes ${need} bytes, and models may take ${memory} together: memory (--model-memory) says how many`);
    while (this.#taken + need > memory) {
      const oldest = this.#idle();
      if (oldest) await this.unload(oldest);
      else await new Promise<void>((wake) => this.#freed.push(wake));
    }
  }

  get #taken(): number {
    return this.#everyone.reduce((sum, { model, bytes }) => sum + (model ? bytes : 0), 0);
  }

  /** What a model takes is known when it is loaded: if that was too much, others go that nobody uses. */
  async #trim(): Promise<void> {
    for (let oldest = this.#idle(); oldest && this.#taken > this.#keeping.memory; oldest = this.#idle()) await this.unload(oldest);
  }

  #idle(): Served | undefined {
    return this.all.filter(({ model, users }) => model && users === 0).sort((a, b) => a.lastUsed - b.lastUsed)[0];
  }

  /** Lets go of a model that nobody uses. */
  async unload(served: Served): Promise<void> {
    const { model } = served;
    if (!model || served.users > 0) return;
    served.model = undefined;
    served.expires = undefined;
    clearTimeout(served.timer);
    served.leaving = model.dispose().finally(() => (served.leaving = undefined));
    await served.leaving;
    this.#keeping.told('unloaded', served);
  }

  /** Lets go of all; what still runs rejects. */
  async close(): Promise<void> {
    this.#closing.abort(new ApiError(503, 'the server is shutting down', { retryAfter: 5 }));
    await Promise.all(
      this.#everyone.map(async (served) => {
        clearTimeout(served.timer);
        await served.loading?.catch(() => {});
        await served.model?.dispose();
        served.model = undefined;
      }),
    );
  }
}

const baseName = (path: string): string =>
  path
    .replace(/[\\/]+$/, '')
    .split(/[\\/]/)
    .at(-1)
    ?.replace(/\.gguf$/i, '') ?? path;

const bytesOf = ({ info: { memory } }: Model): number => memory.total + memory.device;

/** What `work` gives, unless the signal comes first: then the work goes on for others. */
function awaited<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const leave = (): void => reject(signal.reason as Error);
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
