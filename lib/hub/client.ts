// Requests to the hub and where it sends them: redirects by hand, so that the token stays with the endpoint and no scheme changes; a
// server that says nothing is left.
import { onAbort } from '../abort';
import { LlamaError } from '../errors';
import { Passing, waitOf } from './retry';
import type { HubSettings } from './settings';

const mostRedirects = 10;

/** What a server answered, behind all redirects. */
export interface Answer {
  readonly url: URL;
  readonly status: number;
  readonly headers: Headers;
  /** Of the endpoint's own answer, where it sent the request on: the hash and size of what is behind it. */
  readonly linked: Headers;
  /** The rest in pieces; throws `Passing` where it breaks off. */
  body(): AsyncGenerator<Uint8Array, void, undefined>;
  /** Leaves the rest unread. */
  leave(): void;
}

interface Request {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

/** An address without what may be secret in it. */
export const shown = (url: URL): string => `${url.origin}${url.pathname}`;

/** Aborts a request when the caller does, or when nothing came for a while. */
class Watch {
  readonly #controller = new AbortController();
  readonly #unlisten: () => void;
  #giveUp: (reason: unknown) => void = () => {};
  #stalled = false;

  constructor(
    private readonly caller: AbortSignal,
    private readonly ms: number,
  ) {
    this.#unlisten = onAbort(caller, () => this.#abort());
    if (caller.aborted) this.#abort();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Awaits something of the request. A body that is aborted when its last byte has come never says so (undici): here it does. */
  async of<T>(something: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.#stalled = true;
      this.#abort();
    }, this.ms);
    try {
      return await new Promise<T>((resolve, reject) => {
        this.#giveUp = reject;
        something.then(resolve, reject);
        if (this.signal.aborted) reject(this.signal.reason);
      });
    } finally {
      clearTimeout(timer);
    }
  }

  end(): void {
    this.#unlisten();
    this.#abort();
  }

  #abort(): void {
    this.#controller.abort();
    this.#giveUp(this.signal.reason);
  }

  /** What it means that a request failed. */
  failure(url: URL, error: unknown): unknown {
    if (this.caller.aborted) return this.caller.reason;
    if (this.#stalled) return new Passing(new LlamaError('NETWORK', `${shown(url)}: the server has said nothing for ${this.ms / 1000} seconds`));
    if (error instanceof LlamaError || error instanceof Passing) return error;
    // Errors of fetch may be of another realm, as in a test runner: they are known by what they have.
    const known = error as Partial<NodeJS.ErrnoException> & { cause?: Partial<NodeJS.ErrnoException> };
    const why = known.cause?.code ?? known.cause?.message ?? known.code ?? known.message ?? String(error);
    return new Passing(
      new LlamaError('NETWORK', `cannot reach ${shown(url)}: ${why}; is there a network? Without one, HF_HUB_OFFLINE=1 uses what is in the cache`, {
        cause: error,
      }),
    );
  }
}

export class Client {
  readonly #origin: string;

  constructor(readonly settings: HubSettings) {
    this.#origin = new URL(settings.endpoint).origin;
  }

  /** The address of something at the endpoint. */
  at(path: string): URL {
    return new URL(this.settings.endpoint + path);
  }

  /** Asks, and follows redirects. Any status is an answer, but for those of servers that are busy or broken: these are `Passing`. */
  async ask(address: URL, { headers = {}, signal }: Request): Promise<Answer> {
    if (this.settings.offline) throw new LlamaError('NETWORK', `${shown(address)} is not asked: this is offline`);
    const watch = new Watch(signal, this.settings.timeout);
    let url = address;
    try {
      const seen = new Set<string>();
      let linked: Headers | undefined;
      for (;;) {
        if (seen.has(url.href) || seen.size > mostRedirects)
          throw new LlamaError('NETWORK', `${shown(address)}: redirects without end, at last to ${shown(url)}: is the endpoint the right one?`);
        seen.add(url.href);
        const response = await watch.of(fetch(url, { headers: this.#headers(url, headers), redirect: 'manual', signal: watch.signal }));
        if (![301, 302, 303, 307, 308].includes(response.status)) return answer(response, url, linked ?? response.headers, watch);
        if (url.origin === this.#origin && response.headers.has('x-linked-etag')) linked = response.headers;
        await response.body?.cancel();
        url = redirected(url, response.headers.get('location'));
      }
    } catch (error) {
      watch.end();
      throw watch.failure(url, error);
    }
  }

  #headers(url: URL, headers: Readonly<Record<string, string>>): Record<string, string> {
    const { token } = this.settings;
    const own = url.origin === this.#origin && token !== undefined ? { authorization: `Bearer ${token}` } : {};
    return { 'user-agent': 'llama-ts', 'accept-encoding': 'identity', ...headers, ...own };
  }
}

function redirected(from: URL, location: string | null): URL {
  if (location === null || !URL.canParse(location, from.href)) throw new LlamaError('NETWORK', `${shown(from)}: a redirect that says not where to`);
  const to = new URL(location, from);
  if (to.protocol !== from.protocol)
    throw new LlamaError('NETWORK', `${shown(from)} redirects to ${to.protocol}//${to.host}: a change of scheme is not followed`);
  return to;
}

async function answer(response: Response, url: URL, linked: Headers, watch: Watch): Promise<Answer> {
  const { status, headers } = response;
  if (status === 429 || status === 408 || status >= 500) {
    await response.body?.cancel();
    const wait = waitOf(headers);
    const seconds = wait === undefined ? undefined : Math.ceil(wait / 1000);
    const later = seconds === undefined ? 'try again later' : `it wants to be asked again in ${seconds} seconds`;
    const limited = new LlamaError('RATE_LIMIT', `${shown(url)}: too many requests (429): ${later}; with a token more are allowed`, { retryAfter: seconds });
    throw new Passing(status === 429 ? limited : new LlamaError('NETWORK', `${shown(url)}: the server failed with status ${status}: ${later}`), wait);
  }
  return { url, status, headers, linked, body: () => pieces(response, url, watch), leave: () => watch.end() };
}

async function* pieces(response: Response, url: URL, watch: Watch): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const next = reader && (await watch.of(reader.read()));
      if (next === undefined || next.done) return;
      yield next.value as Uint8Array;
    }
  } catch (error) {
    throw watch.failure(url, error);
  } finally {
    watch.end();
  }
}
