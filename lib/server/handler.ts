// What becomes of a request: it is checked, routed, read, answered, counted and told of.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { BodyRoom, jsonOf, readBody } from './body';
import { sent, Text, type Call, type Noted, type Route, type State } from './call';
import { ApiError, bodyOf, failureOf, Gone, type Form } from './failure';
import { checkHost, checkKey, checkOrigin, Keys, targetOf, type Target } from './guard';
import { errorFields } from './log';
import type { Router } from './router';
import { read } from './wire';

const lingerMs = 2000;
const leastRoom = 256 * 2 ** 20;
const lingerBytes = 64 * 2 ** 20;

/** Answers requests. */
export class Handler {
  readonly #keys: Keys;
  readonly #manage: Keys;
  readonly #running = new Set<AbortController>();
  readonly #bodies: BodyRoom;

  constructor(
    private readonly state: State,
    private readonly router: Router,
  ) {
    this.#keys = new Keys(state.settings.apiKeys);
    this.#manage = new Keys(state.settings.adminKeys);
    this.#bodies = new BodyRoom(Math.max(leastRoom, 4 * state.settings.maxBodyBytes));
  }

  get running(): number {
    return this.#running.size;
  }

  /** From here on new requests are refused. */
  drain(): void {
    this.state.phase.draining = true;
  }

  /** Ends what runs. */
  abort(reason: unknown): void {
    for (const each of this.#running) each.abort(reason);
  }

  /** Answers one request; never rejects. */
  async handle(req: IncomingMessage, res: ServerResponse, expectsContinue = false): Promise<void> {
    const from = performance.now();
    const given = req.headers['x-request-id'];
    const id = typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : `req_${randomUUID()}`;
    res.setHeader('x-request-id', id);
    res.setHeader('request-id', id);
    res.setHeader('x-content-type-options', 'nosniff');
    const target = targetOf(req);
    const noted: Noted = {};
    const done = new AbortController();
    let route: Route | undefined;
    this.#running.add(done);
    res.once('close', () => {
      this.#running.delete(done);
      if (!res.writableFinished) done.abort(new Gone());
      this.#told(req, res, id, route, noted, performance.now() - from);
    });
    try {
      route = await this.#answer({ req, res, id, target, noted, done, expectsContinue });
    } catch (error) {
      route ??= this.router.find(req.method ?? 'GET', target.path)?.route;
      this.#fail(req, res, formOf(req, target.path), id, error);
    }
  }

  async #answer(of: {
    req: IncomingMessage;
    res: ServerResponse;
    id: string;
    target: Target;
    noted: Noted;
    done: AbortController;
    expectsContinue: boolean;
  }): Promise<Route | undefined> {
    const { req, res, done } = of;
    const { path, query, host } = of.target;
    const { settings } = this.state;
    checkHost(req, host, settings.allowedHosts);
    if (checkOrigin(req, res, host, settings.corsOrigins)) return undefined;
    const found = this.router.find(req.method ?? 'GET', path);
    const owner = checkKey(req, this.#keys, this.#manage, found?.route?.access);
    if (!found?.route) throw this.#absent(res, path, found?.allowed ?? []);
    const { route, rest } = found;
    if (route.access !== 'open') this.#mustBeReady();
    const encoding = req.headers['content-encoding'];
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
      res.setHeader('accept-encoding', 'identity'); // which says what would be read (RFC 9110, 12.5.3)
      throw new ApiError(415, 'content-encoding: expected a body as it is', { code: 'unsupported' });
    }
    const reading = { most: settings.maxBodyBytes, room: this.#bodies, expectsContinue: of.expectsContinue };
    const body = route.body && read(route.body, jsonOf(await readBody(req, res, reading)));
    const timer = settings.deadline === Infinity ? undefined : setTimeout(() => done.abort(late(settings.deadline)), settings.deadline * 1000);
    try {
      const call: Call = {
        id: of.id,
        req,
        res,
        headers: req.headers,
        query: new URLSearchParams(query),
        rest,
        signal: done.signal,
        owner,
        state: this.state,
        noted: of.noted,
      };
      write(res, await route.run(call, body as never));
    } finally {
      clearTimeout(timer);
    }
    return route;
  }

  #mustBeReady(): void {
    if (this.state.phase.draining) throw new ApiError(503, 'the server is shutting down', { retryAfter: 5, code: 'shutting_down' });
    if (!this.state.models.ready) throw new ApiError(503, 'the model is being loaded', { retryAfter: 2, code: 'loading' });
  }

  #absent(res: ServerResponse, path: string, allowed: readonly string[]): ApiError {
    if (allowed.length === 0)
      return new ApiError(404, `there is nothing at ${path.slice(0, 200)}: GET /openapi.json lists what there is`, { code: 'not_found' });
    res.setHeader('allow', allowed.join(', '));
    return new ApiError(405, `expected ${allowed.join(' or ')}`, { code: 'method_not_allowed' });
  }

  #fail(req: IncomingMessage, res: ServerResponse, form: Form, id: string, error: unknown): void {
    if (res.destroyed || res.writableEnded) return;
    const failure = failureOf(error);
    if (error instanceof Gone) return void res.destroy();
    if (failure.cause !== undefined && failure.status >= 500) this.state.log.tell('error', 'a request failed', { id, ...errorFields(failure.cause) });
    if (res.headersSent) return void res.destroy();
    const text = JSON.stringify(bodyOf(form, failure, id));
    res.statusCode = failure.status;
    res.setHeader('content-type', 'application/json');
    res.setHeader('content-length', Buffer.byteLength(text));
    if (failure.status === 401) res.setHeader('www-authenticate', 'Bearer');
    if (failure.retryAfter !== undefined) res.setHeader('retry-after', failure.retryAfter);
    if (this.state.phase.draining) res.setHeader('connection', 'close');
    if (failure.status === 413 && !req.complete) return linger(req, res, text);
    res.end(text);
  }

  #told(req: IncomingMessage, res: ServerResponse, id: string, route: Route | undefined, noted: Noted, ms: number): void {
    const whole = res.writableFinished;
    const status = res.headersSent ? res.statusCode : 499;
    const pattern = route?.path ?? 'none';
    this.state.metrics.requests.add(1, { method: knownMethod(req.method), route: pattern, status: String(whole ? status : 499) });
    const level = pattern === '/health' || pattern === '/metrics' ? 'debug' : 'info';
    const fields = { id, method: req.method, route: pattern, status, ms: Math.round(ms), ...(!whole && { gone: true }), ...noted };
    this.state.log.tell(level, 'request', fields);
  }
}

const methods = new Set(['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS', 'PUT', 'PATCH']);
const knownMethod = (method = ''): string => (methods.has(method) ? method : 'other');

const late = (seconds: number): ApiError => new ApiError(504, `the request took longer than ${seconds} s, which is as long as it may`, { code: 'deadline' });

/** The form of errors, by the path: also of what fails before it is routed. Clients of OpenAI and Anthropic share the list of models: a header tells them apart. */
function formOf({ headers }: IncomingMessage, path: string): Form {
  if (path.startsWith('/v1/messages')) return 'anthropic';
  if (path.startsWith('/v1/models') && headers['anthropic-version'] !== undefined) return 'anthropic';
  return path.startsWith('/api/') ? 'ollama' : 'openai';
}

function write(res: ServerResponse, value: unknown): void {
  if (value === sent || res.writableEnded || res.destroyed) return;
  const { text, type } = value instanceof Text ? value : { text: JSON.stringify(value), type: 'application/json' };
  res.setHeader('content-type', type);
  res.setHeader('content-length', Buffer.byteLength(text));
  res.end(text);
}

/** Answers before the body was read, and takes in some of it meanwhile: a client that is still sending would not see the answer of a connection that is cut. */
function linger(req: IncomingMessage, res: ServerResponse, text: string): void {
  res.setHeader('connection', 'close');
  res.write(text);
  let size = 0;
  const end = (): void => {
    clearTimeout(timer);
    res.end();
  };
  const timer = setTimeout(end, lingerMs);
  req.on('data', (part: Buffer) => {
    size += part.length;
    if (size > lingerBytes) end();
  });
  req.once('end', end);
  req.once('close', end);
}
