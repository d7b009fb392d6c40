// A generation as the parts of the AI SDK's streams.
import type { Chunk, Generation, Result } from '../generation';
import type { FinishReason, Json, ProviderMetadata, StreamPart, Usage } from './spec';

const unified: Readonly<Record<Result<unknown>['finish'], FinishReason['unified']>> = {
  stop: 'stop',
  length: 'length',
  context: 'length',
  calls: 'tool-calls',
};

/** What our part of the metadata is below, and of the options. */
export const providerName = 'llama-ts';

function usageOf({ usage }: Result<unknown>, reasoning: number): Usage {
  const { prompt, cached, completion } = usage;
  return {
    inputTokens: { total: prompt, noCache: prompt - cached, cacheRead: cached, cacheWrite: undefined },
    outputTokens: { total: completion, text: completion - reasoning, reasoning },
  };
}

/** What the AI SDK has no word for. */
function metadataOf({ seed, timing, stopString, complete, logprobs, problems }: Result<unknown>): ProviderMetadata {
  const own = { seed, timing, stopString, complete, logprobs, problems };
  return { [providerName]: Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined)) as unknown as Record<string, Json> };
}

/** Text and reasoning come in blocks, each with a beginning and an end. */
class Blocks {
  #open: 'text' | 'reasoning' | undefined;
  #count = 0;

  *say(kind: 'text' | 'reasoning', delta: string): Generator<StreamPart> {
    if (delta === '') return;
    if (this.#open !== kind) {
      yield* this.close();
      this.#open = kind;
      yield { type: `${kind}-start`, id: String(this.#count) };
    }
    yield { type: `${kind}-delta`, id: String(this.#count), delta };
  }

  *close(): Generator<StreamPart> {
    if (!this.#open) return;
    yield { type: `${this.#open}-end`, id: String(this.#count++) };
    this.#open = undefined;
  }
}

function* callParts(chunk: Chunk, ids: Map<number, string>): Generator<StreamPart> {
  switch (chunk.type) {
    case 'callStart': {
      const id = chunk.id ?? `call-${chunk.index}`;
      ids.set(chunk.index, id);
      yield { type: 'tool-input-start', id, toolName: chunk.name };
      return;
    }
    case 'callArguments':
      if (chunk.arguments !== '') yield { type: 'tool-input-delta', id: ids.get(chunk.index) as string, delta: chunk.arguments };
      return;
    case 'callEnd': {
      const id = ids.get(chunk.index) as string;
      yield { type: 'tool-input-end', id };
      // One that was cut off is none; why, the finish reason and the problems say.
      if (!chunk.call.incomplete) yield { type: 'tool-call', toolCallId: id, toolName: chunk.call.name, input: chunk.call.argumentsText };
    }
  }
}

/** All parts of an answer, the last its finish. Rejects as the generation does. */
export async function* partsOf(generation: Generation<unknown>, raw: boolean): AsyncGenerator<StreamPart> {
  const blocks = new Blocks();
  const ids = new Map<number, string>();
  let reasoning = 0;
  for await (const chunk of generation) {
    if (raw) yield { type: 'raw', rawValue: chunk };
    if (chunk.type === 'reasoning') {
      reasoning += chunk.ids.length;
      yield* blocks.say('reasoning', chunk.reasoning);
    } else if (chunk.type === 'text') {
      yield* blocks.say('text', chunk.text);
    } else if (chunk.type !== 'problem') {
      yield* blocks.close();
      yield* callParts(chunk, ids);
    }
  }
  yield* blocks.close();
  const result = await generation;
  const finishReason: FinishReason = { unified: unified[result.finish], raw: result.finish };
  yield { type: 'finish', usage: usageOf(result, reasoning), finishReason, providerMetadata: metadataOf(result) };
}
