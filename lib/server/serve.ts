// A server of its own, and a handler for another one.
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { LlamaError } from '../index';
import type { State } from './call';
import { ApiError } from './failure';
import { Handler } from './handler';
import { Kept } from './kept';
import { errorFields, linesTo, Log, type LogLevel } from './log';
import { ServerMetrics } from './metrics';
import { serveCached } from './brought';
import { Models } from './models';
import { ResponseStore } from './openai/response-store';
import { settingsFrom, type HandlerOptions, type ServeOptions } from './options';
import { Router } from './router';
import { routes } from './routes';

/** Answers requests of a server of the caller's; models are let go with `close`. */
export interface RequestHandler extends AsyncDisposable {
  (req: IncomingMessage, res: ServerResponse): void;
  /** Resolves when the model that is loaded at once is there; rejects where it cannot be. */
  readonly ready: Promise<void>;
  /** Ends what runs, and lets go of the models. */
  close(): Promise<void>;
}

/** A server that listens. */
export interface LlamaServer extends AsyncDisposable {
  /** `http://127.0.0.1:8080` */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Requests that are being answered. */
  readonly running: number;
  /** Takes no new requests, and resolves when those that run are done or `grace` seconds are over. Once more: ends them now. */
  close(grace?: number): Promise<void>;
}

interface Parts {
  readonly state: State;
  readonly handler: Handler;
  readonly ready: Promise<void>;
}

function partsOf(options: HandlerOptions, level: LogLevel): Parts {
  const settings = settingsFrom(options, level);
  const log = new Log(settings.logLevel, settings.log ?? linesTo(process.stderr));
  const models = new Models(settings.sources, {
    ...settings,
    told: (event, served, { error, ...more } = {}) =>
      event === 'failed'
        ? log.tell('error', 'a model cannot be loaded', { model: served.name, ...errorFields(error) })
        : log.tell('info', `model ${event}`, { model: served.name, ...more }),
  });
  const metrics = new ServerMetrics(() =>
    models.all.map(({ name, queue, model, bytes }) => ({ model: name, running: queue.running, waiting: queue.waiting, bytes: model ? bytes : 0 })),
  );
  const state: State = {
    settings,
    models,
    metrics,
    log,
    responses: new ResponseStore(settings.storedResponses),
    threads: new Kept(settings.storedResponses),
    phase: { draining: false },
  };
  const ready = begin(state);
  ready.catch(() => {}); // whoever awaits it is told
  return { state, handler: new Handler(state, new Router(routes)), ready };
}

async function begin(state: State): Promise<void> {
  const { settings, models } = state;
  const [first] = models.all;
  if (settings.preload && first) (await models.lease(first, new AbortController().signal)).release();
  else await Promise.all(models.all.map((served) => served.facts)); // files that are none are told now
  await serveCached(state);
  models.ready = true;
}

/** Makes a handler for `node:http`, Express, Fastify and whatever else gives a request and a response of Node's. */
export function createHandler(options: HandlerOptions): RequestHandler {
  const { state, handler, ready } = partsOf(options, 'silent');
  const close = async (): Promise<void> => {
    handler.drain();
    handler.abort(new ApiError(503, 'the server is shutting down', { retryAfter: 5 }));
    await state.models.close();
  };
  const handle = (req: IncomingMessage, res: ServerResponse): void => void handler.handle(req, res);
  return Object.assign(handle, { ready, close, [Symbol.asyncDispose]: close });
}

const unspecified = ['0.0.0.0', '::'];
const loopbacks = ['127.0.0.1', '::1', 'localhost'];

function checkReach(host: string, { apiKeys = [], openToAll = false, tools = {} }: ServeOptions, log: Log): void {
  if (loopbacks.includes(host)) return;
  if (apiKeys.length > 0) return;
  if (!openToAll)
    throw new LlamaError(
      'ARGUMENT',
      `host: ${host} is reached from other machines, and there is no key: give apiKeys (--api-key), or say that everybody may use it with openToAll (--open)`,
    );
  if (Object.keys(tools).length > 0)
    throw new LlamaError('ARGUMENT', 'tools: everybody who reaches this machine could run them: give apiKeys (--api-key), or offer none');
  log.tell('warn', 'everybody who reaches this machine may use the server: there is no key', { host });
}

const serverOptions: ServerOptions = {
  headersTimeout: 20_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 2_000,
  keepAliveTimeout: 5_000,
  maxHeaderSize: 16 * 1024,
  requireHostHeader: true,
};

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      const why = error.code === 'EADDRINUSE' ? 'it is in use: give another port' : (error.code ?? error.message);
      reject(new LlamaError('ARGUMENT', `port: cannot listen at ${host}:${port}: ${why}`, { cause: error }));
    };
    server.once('error', failed);
    server.listen(port, host, 1024, () => {
      server.off('error', failed);
      resolve();
    });
  });
}

function serverOf(tls: ServeOptions['tls']): Server {
  if (!tls) return createServer(serverOptions);
  try {
    return createTlsServer({ ...serverOptions, cert: tls.cert, key: tls.key, minVersion: 'TLSv1.2', handshakeTimeout: 20_000 });
  } catch (error) {
    throw new LlamaError('ARGUMENT', `tls: the certificate or its key cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

/**
 * Serves models over HTTP. Resolves when requests are answered: the server listens, and the model that is loaded at once is there. Rejects where it cannot
 * listen or the model cannot be loaded.
 */
export async function serve(options: ServeOptions): Promise<LlamaServer> {
  const { host = '127.0.0.1', port = 8080, tls, maxConnections = 16_384, grace: usualGrace = 30 } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new LlamaError('ARGUMENT', `port: expected an integer from 0 to 65535, found ${String(port)}`);
  const server = serverOf(tls);
  checkReach(host, options, new Log(options.logLevel ?? 'info', options.log ?? linesTo(process.stderr)));
  await listening(server, host, port);
  server.maxConnections = maxConnections;
  let parts: Parts;
  try {
    parts = partsOf({ ...options, allowedHosts: [...(options.allowedHosts ?? []), ...(unspecified.includes(host) ? [] : [host])] }, 'info');
  } catch (error) {
    server.close();
    throw error;
  }
  const { state, handler, ready } = parts;
  server.on('error', (error) => state.log.tell('error', 'a connection cannot be accepted', errorFields(error)));
  server.on('request', (req, res) => void handler.handle(req, res));
  server.on('checkContinue', (req, res) => void handler.handle(req, res, true));
  const closing = new Closing(server, handler, state);
  try {
    await ready;
  } catch (error) {
    await closing.close(0);
    throw error;
  }
  const at = (server.address() as AddressInfo).port;
  const url = `${tls ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${at}`;
  state.log.tell('info', 'listening', { url });
  return {
    url,
    host,
    port: at,
    get running() {
      return handler.running;
    },
    close: (grace = usualGrace) => closing.close(grace),
    [Symbol.asyncDispose]: () => closing.close(usualGrace),
  };
}

/** The end of a server. */
class Closing {
  #closing: Promise<void> | undefined;
  #end: () => void = () => {};

  constructor(
    private readonly server: Server,
    private readonly handler: Handler,
    private readonly state: State,
  ) {}

  close(grace: number): Promise<void> {
    if (this.#closing) this.#end();
    else this.#closing = this.#close(grace);
    return this.#closing;
  }

  async #close(grace: number): Promise<void> {
    const { server, handler } = this;
    this.handler.drain();
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    const over = new Promise<void>((resolve) => (this.#end = resolve));
    const timer = setTimeout(this.#end, grace * 1000);
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    server.closeIdleConnections();
    await Promise.race([closed, over]);
    clearTimeout(timer);
    clearInterval(idle);
    if (handler.running > 0) handler.abort(new ApiError(503, 'the server is shutting down', { retryAfter: 5 }));
    await new Promise((resolve) => setImmediate(resolve)); // the last words are written
    server.closeAllConnections();
    await closed;
    await this.state.models.close();
    this.state.log.tell('info', 'closed');
  }
}
