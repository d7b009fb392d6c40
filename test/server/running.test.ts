// Requests beside one another: places, the line, fairness, those who leave, the end of a server, several models.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';

import { embeddedModel } from 'llama-ts';
import type { LlamaServer } from 'llama-ts/server';
import type { Heard } from '../../lib/server/inner';

import { eventsOf, get, post, start, until } from '../support/server';

const chat = '/v1/chat/completions';
const messages = [{ role: 'user', content: 'Tell a story.' }];
const short = { messages, max_tokens: 2 };
const long = { messages, max_tokens: 900, n: 128, ignore_eos: true, temperature: 1 }; // takes far longer than any of these tests

const gauge = async (server: LlamaServer, name: string): Promise<number> =>
  Number(new RegExp(`^llamacpp:${name} (\\d+)$`, 'm').exec((await get(server, '/metrics')).text)?.[1]);
const processing = (server: LlamaServer) => gauge(server, 'requests_processing');
const deferred = (server: LlamaServer) => gauge(server, 'requests_deferred');

/** A request that its client can leave. */
function begun(server: LlamaServer, body: object): { leave: () => void; ended: Promise<string> } {
  const client = new AbortController();
  const ended = fetch(server.url + chat, { method: 'POST', body: JSON.stringify(body), signal: client.signal })
    .then((response) => response.text())
    .catch(() => 'left');
  return { leave: () => client.abort(), ended };
}

async function withServer(options: Parameters<typeof start>[0], run: (server: LlamaServer) => Promise<void>): Promise<void> {
  const server = await start(options);
  try {
    await run(server);
  } finally {
    await server.close(0);
  }
}

test.each([true, false])('a client that leaves frees its place (stream: %s)', async (stream) => {
  await withServer({ parallel: 1 }, async (server) => {
    const { leave, ended } = begun(server, { ...long, stream });
    await until(async () => (await processing(server)) === 1);
    leave();
    expect(await ended).toBe('left');
    expect((await post(server, chat, short)).status).toBe(200);
    expect(await processing(server)).toBe(0);
  });
});

test('whatever is told in one, text, ids and log-probabilities are those of an answer that is not streamed', async () => {
  await withServer({}, async (server) => {
    const asked = { messages, max_tokens: 200, ignore_eos: true, temperature: 1, seed: 7, n: 4, logprobs: true };
    const whole = (await post(server, chat, asked)).json.choices;
    const parts = eventsOf((await post(server, chat, { ...asked, stream: true })).text).flatMap(({ data }) => data.choices ?? []);
    for (const choice of whole) {
      const own = parts.filter(({ index }) => index === choice.index);
      expect(own.map(({ delta }) => delta.content ?? '').join('')).toBe(choice.message.content);
      expect(own.flatMap(({ logprobs }) => logprobs?.content ?? [])).toEqual(choice.logprobs.content);
    }
    const native = { prompt: 'Once', n_predict: 200, ignore_eos: true, temperature: 1, seed: 7, return_tokens: true };
    const { content, tokens } = (await post(server, '/completion', native)).json;
    const events = eventsOf((await post(server, '/completion', { ...native, stream: true })).text).map(({ data }) => data);
    expect(events.map((event) => event.content).join('')).toBe(content);
    expect(events.flatMap((event) => event.tokens ?? [])).toEqual(tokens);
  });
});

test('a full line refuses at once, and says when to come again; those in it are served', async () => {
  await withServer({ parallel: 1, maxQueue: 1 }, async (server) => {
    const first = begun(server, long);
    await until(async () => (await processing(server)) === 1);
    const waiting = post(server, chat, short);
    await until(async () => (await deferred(server)) === 1);
    for (const stream of [false, true]) {
      const refused = await post(server, chat, { ...short, stream });
      expect([refused.status, refused.json.error.code]).toEqual([429, 'queue_full']);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    }
    expect((await get(server, '/health')).status).toBe(200);
    first.leave();
    expect((await waiting).status).toBe(200);
  });
});

test('who leaves the line is out of it', async () => {
  await withServer({ parallel: 1 }, async (server) => {
    const first = begun(server, long);
    await until(async () => (await processing(server)) === 1);
    const waiting = begun(server, short);
    await until(async () => (await deferred(server)) === 1);
    waiting.leave();
    await until(async () => (await deferred(server)) === 0);
    first.leave();
    await until(async () => (await processing(server)) === 0);
  });
});

test('a request that takes too long is ended: as a failure before its first token, else inside of its stream', async () => {
  await withServer({ deadline: 0.3 }, async (server) => {
    expect(await post(server, chat, long)).toMatchObject({ status: 504, json: { error: { code: 'deadline' } } });
    const events = eventsOf((await post(server, chat, { ...long, stream: true })).text);
    expect(events.at(-1)?.data).toMatchObject({ error: { code: 'deadline' } });
    expect((await post(server, chat, short)).status).toBe(200);
  });
});

describe('the end of a server', () => {
  test('lets what runs come to its end, and takes nothing new', async () => {
    const server = await start();
    const running = post(server, chat, { messages, max_tokens: 300, ignore_eos: true, stream: true });
    await until(() => server.running > 0);
    await until(async () => (await processing(server)) === 1);
    const closed = server.close(60);
    const refused = await post(server, chat, short).then(
      ({ status }) => status,
      () => 'no connection',
    );
    expect([503, 'no connection']).toContain(refused);
    const events = eventsOf((await running).text);
    expect(events.at(-1)?.data).toBe('[DONE]');
    expect(events.some(({ data }) => data.choices?.[0]?.finish_reason === 'length')).toBe(true);
    await closed;
    await expect(get(server, '/health')).rejects.toThrow();
  });

  test('is at once where nobody waits any longer', async () => {
    const server = await start();
    const { ended } = begun(server, { ...long, stream: true });
    await until(async () => (await processing(server)) > 0);
    const closed = server.close(600);
    await server.close();
    await closed;
    expect(await ended).toMatch(/shutting down|left/);
  });
});

describe('several models', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'llama-ts-models-'));
    for (const name of ['one', 'two', 'three']) copyFileSync(embeddedModel, join(folder, `${name}.gguf`));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const models = () => ['one', 'two', 'three'].map((name) => ({ path: join(folder, `${name}.gguf`), load: { threads: 1 } }));
  const states = async (server: LlamaServer): Promise<string[]> =>
    (await get(server, '/v1/models')).json.data.map((model: { id: string; status: { value: string } }) => `${model.id} ${model.status.value}`);

  test('are loaded when they are asked for, the first where none is named', async () => {
    await withServer({ models: models() }, async (server) => {
      expect(await states(server)).toEqual(['one unloaded', 'two unloaded', 'three unloaded']);
      expect((await post(server, chat, { ...short, model: 'two' })).json.model).toBe('two');
      expect((await post(server, chat, short)).json.model).toBe('one');
      expect(await states(server)).toEqual(['one loaded', 'two loaded', 'three unloaded']);
    });
  });

  test('the longest unused goes where there is no room, never one in use', async () => {
    const { json } = await (async () => {
      const server = await start({ models: models() });
      await post(server, chat, { ...short, model: 'one' });
      const told = await get(server, '/api/ps');
      await server.close(0);
      return told;
    })();
    const one: number = json.models[0].size;
    await withServer({ models: models(), memory: Math.ceil(2.5 * one), parallel: 4 }, async (server) => {
      for (const model of ['one', 'two', 'three']) expect((await post(server, chat, { ...short, model })).status).toBe(200);
      expect(await states(server)).toEqual(['one unloaded', 'two loaded', 'three loaded']);
      const using = begun(server, { ...long, model: 'two' });
      await until(async () => (await processing(server)) > 0);
      expect((await post(server, chat, { ...short, model: 'one' })).status).toBe(200);
      expect(await states(server)).toEqual(['one loaded', 'two loaded', 'three unloaded']);
      using.leave();
    });
  });

  test('one that is unused for its time is let go', async () => {
    await withServer({ models: models(), keepAlive: 0.01 }, async (server) => {
      expect((await post(server, chat, short)).status).toBe(200);
      await until(async () => (await states(server))[0] === 'one unloaded');
      expect((await post(server, chat, short)).status).toBe(200);
    });
  });

  test('two of one name are refused, and a file that is none', async () => {
    await expect(start({ models: [...models(), models()[0]!] })).rejects.toMatchObject({ code: 'ARGUMENT' });
    await expect(start({ models: [join(folder, 'none.gguf')] })).rejects.toMatchObject({ code: 'FILE' });
  });
});

describe('parts', () => {
  const { Queue } = jest.requireActual<typeof import('../../lib/server/queue')>('../../dist/lib/server/queue.js');
  const { teller } = jest.requireActual<typeof import('../../lib/server/stream')>('../../dist/lib/server/stream.js');
  const { Outlet } = jest.requireActual<typeof import('../../lib/server/outlet')>('../../dist/lib/server/outlet.js');

  test('the line is fair: one of each owner in turn', async () => {
    const queue = new Queue(1, 100);
    const { signal } = new AbortController();
    const first = await queue.enter('greedy', 1, signal);
    const served: string[] = [];
    const take = async (owner: string): Promise<void> => {
      const place = await queue.enter(owner, 1, signal);
      served.push(owner);
      place.release();
    };
    const all = ['greedy', 'greedy', 'greedy', 'modest', 'modest'].map(take);
    first.release();
    await Promise.all(all);
    expect(served).toEqual(['greedy', 'modest', 'greedy', 'modest', 'greedy']);
    expect([queue.running, queue.waiting]).toEqual([0, 0]);
  });

  test('who wants many places is not passed over by those who want one', async () => {
    const queue = new Queue(2, 100);
    const { signal } = new AbortController();
    const first = await queue.enter('a', 1, signal);
    const served: string[] = [];
    const wide = queue.enter('b', 2, signal).then((place) => {
      served.push('wide');
      place.release();
    });
    const narrow = queue.enter('c', 1, signal).then((place) => {
      served.push('narrow');
      place.release();
    });
    expect(queue.running).toBe(1);
    first.release();
    await Promise.all([wide, narrow]);
    expect(served).toEqual(['wide', 'narrow']);
  });

  interface Stream {
    readonly response: PassThrough;
    readonly outlet: InstanceType<typeof Outlet<string>>;
    readonly chunks: string[];
  }
  const tell = (said: readonly string[]): string => said.join('');
  const open = (stallMs = 60_000, highWaterMark = 16_384, told = tell): Stream => {
    const response = Object.assign(new PassThrough({ highWaterMark }), { writeHead: () => {}, flushHeaders: () => {} });
    return { response, outlet: new Outlet<string>(response as never, { type: 'text/event-stream', ping: '', tell: told }, stallMs), chunks: [] };
  };
  const read = (stream: Stream): Stream => {
    stream.response.on('data', (chunk: Buffer) => stream.chunks.push(chunk.toString()));
    return stream;
  };

  test('a reader that does not read holds writing up, and is cut off', async () => {
    const { response, outlet } = open(50, 8);
    const closed = new Promise((resolve) => response.once('close', resolve));
    expect(outlet.say('x'.repeat(100))).toBeUndefined();
    await until(() => outlet.say('more') !== undefined);
    await expect(outlet.say('more')).rejects.toThrow();
    await closed;
    expect(() => outlet.say('more')).toThrow();
    outlet.close();
  });

  test('a reader that reads on is written on to', async () => {
    const stream = open(60_000, 8);
    expect(stream.outlet.say('x'.repeat(100))).toBeUndefined();
    await until(() => stream.response.writableNeedDrain);
    const waits = stream.outlet.say('y');
    read(stream);
    await waits;
    stream.outlet.end('z');
    await until(() => stream.chunks.join('') === `${'x'.repeat(100)}yz`);
  });

  test('many streams gather what they write; nothing of it is lost, and the first is not held', async () => {
    const [one, ended, left, ...others] = Array.from({ length: 200 }, () => read(open()));
    for (const { outlet } of [one!, ended!, left!]) void outlet.say('a');
    await until(() => one!.chunks.length === 1);
    for (const text of ['b', 'c']) for (const { outlet } of [one!, ended!, left!]) void outlet.say(text);
    ended!.outlet.end('d');
    left!.response.destroy();
    left!.outlet.close();
    await until(() => one!.chunks.length === 2);
    expect(one!.chunks).toEqual(['a', 'bc']);
    expect(ended!.chunks).toEqual(['a', 'bcd']);
    for (const { outlet } of [one!, ...others]) outlet.end('');
  });

  test('streams that began at different times write on in one turn of the loop', async () => {
    const others = Array.from({ length: 200 }, () => open());
    const begin = async (): Promise<Stream[]> => {
      const both = [read(open()), read(open())];
      for (const stream of both) {
        void stream.outlet.say('a');
        await until(() => stream.chunks.length === 1);
        await pause(20);
      }
      const waits = both.map(({ outlet }) => outlet.say('b'));
      return waits.every((each) => each) ? both : begin(); // one that rests no longer has come too late to wait with the other
    };
    const both = await begin();
    const told = new Promise((resolve) => {
      for (const { response } of both) response.once('data', () => setImmediate(() => resolve(both.map(({ chunks }) => chunks.join('')))));
    });
    expect(await told).toEqual(['ab', 'ab']);
    for (const { outlet } of [...both, ...others]) outlet.end('');
  });

  test('what came since the last write is told in one, for each choice in its order', () => {
    const heard: Heard[] = [];
    const talk = {
      type: 'text/event-stream',
      ping: '',
      begin: () => '<',
      heard: (one: Heard) => `${heard.push(one)}`,
      end: () => '>',
      fail: () => '!',
    } as const;
    const tell = teller(talk);
    const text = (choice: number, said: string, id: number): { heard: Heard } => ({
      heard: { choice, type: 'text', text: said, ids: [id], logprobs: [{ id, token: said, bytes: [], logprob: -id, top: [] }] },
    });
    const call = (said: string): { heard: Heard } => ({ heard: { choice: 1, type: 'callArguments', index: 0, text: said } });
    expect(tell([text(0, 'a', 1), text(1, 'x', 2), text(0, 'b', 3), call('{'), call('}'), text(1, 'y', 4), { failed: undefined as never }])).toBe('<1234!');
    expect(heard.map((one) => [one.choice, one.type, 'text' in one && one.text, 'ids' in one && one.ids])).toEqual([
      [1, 'text', 'x', [2]],
      [1, 'callArguments', '{}', false],
      [0, 'text', 'ab', [1, 3]],
      [1, 'text', 'y', [4]],
    ]);
    expect(heard[2]).toMatchObject({ logprobs: [{ token: 'a' }, { token: 'b' }] });
    expect(tell([text(0, 'c', 5), { answered: undefined as never }])).toBe('5>');
  });

  test('what cannot be told fails the one who says more, and not the process', async () => {
    const stream = read(
      open(60_000, 8, (said) => {
        if (said.includes('wrong')) throw new RangeError('no words');
        return said.join('');
      }),
    );
    void stream.outlet.say('wrong');
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(() => stream.outlet.say('more')).toThrow('no words');
    stream.outlet.end('sorry');
    await until(() => stream.chunks.join('') === 'sorry');
  });
});
