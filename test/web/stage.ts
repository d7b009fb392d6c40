// The page in a headless Chromium, in front of a server whose answers a test can write itself.
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { createHandler, type HandlerOptions, type RequestHandler } from 'llama-ts/server';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';

import { storyModel } from '../support/shared';

const places = [process.env.CHROMIUM, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable'];

/** Where there is one. */
export const chromiumPath = places.find((path) => path !== undefined && existsSync(path));

/** A request that a test answers. */
export interface Asked {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly body: any;
  /** Says this much of the answer. */
  say(delta: Readonly<Record<string, unknown>>, more?: Readonly<Record<string, unknown>>): void;
  text(text: string): void;
  /** The answer ends here. */
  end(finish?: string): void;
  fail(status: number, message: string, headers?: Readonly<Record<string, string>>): void;
  /** The connection is cut. */
  cut(): void;
  /** When the page has gone away from it. */
  readonly closed: Promise<void>;
}

async function bodyOf(req: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  for await (const part of req) parts.push(part as Buffer);
  return JSON.parse(Buffer.concat(parts).toString('utf8')) as unknown;
}

async function askedOf(req: IncomingMessage, res: ServerResponse): Promise<Asked> {
  const closed = new Promise<void>((resolve) => res.once('close', resolve));
  const write = (data: unknown): void => {
    if (!res.headersSent) res.writeHead(200, { 'content-type': 'text/event-stream' });
    res.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
  };
  const say: Asked['say'] = (delta, more) => write({ choices: [{ index: 0, delta, finish_reason: null, ...more }] });
  return {
    body: await bodyOf(req),
    closed,
    say,
    text: (text) => say({ content: text }),
    end: (finish = 'stop') => {
      write({
        choices: [{ index: 0, delta: {}, finish_reason: finish }],
        timings: { cache_n: 1, prompt_n: 9, prompt_ms: 10, predicted_n: 40, predicted_ms: 800 },
      });
      write('[DONE]');
      res.end();
    },
    fail: (status, message, headers = {}) => {
      res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ error: { message } }));
    },
    cut: () => void res.destroy(),
  };
}

/** A server and a browser. */
export class Stage implements AsyncDisposable {
  #waiting: ((asked: Asked) => void)[] = [];
  readonly problems: string[] = [];

  private constructor(
    private readonly server: Server,
    private readonly handler: RequestHandler,
    private readonly browser: Browser,
  ) {}

  static async open(options: Partial<HandlerOptions> = {}): Promise<Stage> {
    const handler = createHandler({ ...(options.models ? {} : { model: { path: storyModel, name: 'story' } }), ...options });
    await handler.ready;
    const browser = await chromium.launch({ executablePath: chromiumPath as string, args: ['--no-sandbox', '--disable-gpu'] });
    const server = createServer((req, res) => stage.#answer(req, res));
    const stage = new Stage(server, handler, browser);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return stage;
  }

  #answer(req: IncomingMessage, res: ServerResponse): void {
    const waiting = req.url === '/v1/chat/completions' && req.method === 'POST' ? this.#waiting.shift() : undefined;
    if (waiting) void askedOf(req, res).then(waiting);
    else this.handler(req, res);
  }

  /** The next question that the page asks; without this, the model answers it. */
  next(): Promise<Asked> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  /** Opens the page. What it complains of, and what it asks other hosts for, is a problem. */
  async page(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.browser.newContext({ locale: 'en-US', ...options });
    const page = await context.newPage();
    page.on('pageerror', (error) => this.problems.push(String(error)));
    page.on('console', (message) => {
      const expected = /Failed to load resource/.test(message.text()); // an answer that is an error, which a test gave
      if (message.type() === 'error' && !expected) this.problems.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(this.url) && !/^(data|blob):/.test(request.url())) this.problems.push(`asks for ${request.url()}`);
    });
    await page.goto(this.url);
    await page.getByRole('textbox', { name: /Message|Nachricht/ }).waitFor();
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    await this.handler.close();
  }
}
