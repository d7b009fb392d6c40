// Vectors of texts, for every API that gives them.
import type { EmbedInput, EmbedOptions, Ranked } from '../index';
import type { Call } from './call';
import { wrong } from './failure';
import type { Served } from './models';

/** What is to be read. */
export interface Reading {
  readonly model: string | null | undefined;
  readonly inputs: readonly (string | readonly number[])[];
  readonly options?: EmbedOptions;
  readonly keepAlive?: number | undefined;
}

/** What it gave. `tokens`: of each of the inputs. */
export interface Vectors {
  readonly model: Served;
  readonly vectors: readonly Float32Array[];
  readonly tokens: readonly number[];
  readonly loadMs: number;
}

/** Runs work at a model, in turn with all others. */
async function inTurn<T>(
  call: Call,
  name: string | null | undefined,
  keepAlive: number | undefined,
  work: (of: { served: Served; loadMs: number }) => Promise<T>,
): Promise<T> {
  const { models } = call.state;
  const served = models.find(name);
  call.noted.model = served.name;
  const place = await served.queue.enter(call.owner, 1, call.signal);
  try {
    const lease = await models.lease(served, call.signal, keepAlive);
    try {
      return await work({ served, loadMs: lease.loadMs });
    } finally {
      lease.release();
    }
  } catch (error) {
    throw call.signal.aborted ? call.signal.reason : error;
  } finally {
    place.release();
  }
}

/** Reads texts. */
export async function vectorsOf(call: Call, { model: name, inputs, options = {}, keepAlive }: Reading): Promise<Vectors> {
  inputs.forEach((input, i) => {
    if (input.length === 0) throw wrong(inputs.length > 1 ? `input[${i}]` : 'input', 'expected a text that is not empty');
  });
  return inTurn(call, name, keepAlive, async ({ served, loadMs }) => {
    const model = served.model;
    if (!model) throw new Error('a leased model is loaded');
    const texts = inputs.flatMap((input) => (typeof input === 'string' ? [input] : []));
    const ids = (await model.embedIds(texts)).map((each) => each.length);
    const tokens = inputs.map((input) => (typeof input === 'string' ? (ids.shift() ?? 0) : input.length));
    if (options.dimensions !== undefined && options.dimensions > model.info.vectorColumns)
      throw wrong('dimensions', `expected at most the ${model.info.vectorColumns} numbers of a vector, found ${options.dimensions}`);
    const given = inputs.map((input): EmbedInput => (typeof input === 'string' ? input : { ids: input }));
    const vectors = await model.embed(given, {
      ...options,
      signal: call.signal,
      onTruncated: ({ index, read }) => {
        tokens[index] = read;
      },
    });
    call.noted.promptTokens = tokens.reduce((sum, count) => sum + count, 0);
    return { model: served, vectors, tokens, loadMs };
  });
}

/** Ranks documents. */
export async function ranked(
  call: Call,
  name: string | null | undefined,
  query: string,
  documents: readonly string[],
): Promise<{ ranked: Ranked[]; tokens: number; model: Served }> {
  return inTurn(call, name, undefined, async ({ served }) => {
    const model = served.model;
    if (!model) throw new Error('a leased model is loaded');
    const found = await model.rank(query, documents, { signal: call.signal });
    const ids = await model.embedIds([query, ...documents]);
    return { ranked: found, tokens: ids.reduce((sum, each) => sum + each.length, 0), model: served };
  });
}
