// A server of the story model, and what asks it.
import { connect } from 'node:net';

import { embeddedModel } from 'llama-ts';
import { serve, type LlamaServer, type ServeOptions } from 'llama-ts/server';

/** Starts a server; a test file closes it behind its tests. */
export const start = (options: Partial<ServeOptions> = {}): Promise<LlamaServer> =>
  serve({ port: 0, logLevel: 'silent', ...(options.models ? {} : { model: { path: embeddedModel, name: 'story', load: { threads: 1 } } }), ...options });

/** A server for the tests of a file. */
export function served(options: Partial<ServeOptions> = {}): () => LlamaServer {
  let server: LlamaServer | undefined;
  beforeAll(async () => {
    server = await start(options);
  });
  afterAll(() => server?.close(0));
  return () => {
    if (!server) throw new Error('the server has not started');
    return server;
  };
}

/** What an answer was. */
export interface Told {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly json: any;
}

export async function ask(server: LlamaServer, method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Told> {
  const response = await fetch(server.url + path, {
    method,
    headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  return { status: response.status, headers: response.headers, text, json };
}

export const post = (server: LlamaServer, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Told> =>
  ask(server, 'POST', path, body, headers);

export const get = (server: LlamaServer, path: string, headers: Record<string, string> = {}): Promise<Told> => ask(server, 'GET', path, undefined, headers);

/** An event of a stream. */
export interface Event {
  readonly name: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  readonly data: any;
}

/** The events of a stream, read by the rules of the format; `[DONE]` stays text. */
export function eventsOf(text: string): Event[] {
  const blocks = text.split('\n\n');
  if (blocks.pop() !== '') throw new Error('the stream does not end with a blank line');
  return blocks.flatMap((block) => {
    const lines = block.split('\n').filter((line) => !line.startsWith(':'));
    if (lines.length === 0) return [];
    const field = (name: string): string | undefined => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
    const data = field('data') ?? '';
    return [{ name: field('event'), data: data === '[DONE]' ? data : (JSON.parse(data) as unknown) }];
  });
}

/** The lines of a stream of JSON. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
export const linesOf = (text: string): any[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

/** Bytes to the port as they are; what came back until the connection was closed, or until `until` is in it. */
export function raw(server: LlamaServer, bytes: string, until?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = '';
    const socket = connect(server.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (part: Buffer) => {
      got += part.toString('latin1');
      if (until !== undefined && got.includes(until)) socket.destroy();
    });
    socket.on('close', () => resolve(got));
    socket.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ECONNRESET' ? resolve(got) : reject(error)));
  });
}

/** Asks again and again until it is so; a test's time ends it. */
export async function until(so: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await so())) await new Promise((resolve) => setImmediate(resolve));
}
