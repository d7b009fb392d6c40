// Counts and log-probabilities as OpenAI's APIs write them.
import type { Answer, Choice, Logprob } from '../inner';

/** Of chat completions and completions. */
export function usageOf({ usage: { prompt, cached, completion, reasoning } }: Answer): unknown {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}

const perSecond = (count: number, ms: number): number => (ms > 0 ? (1000 * count) / ms : 0);

/** llama.cpp's timings. */
export function timingsOf({ usage, timing: { prefillMs, decodeMs } }: Choice): Readonly<Record<string, number>> {
  const read = usage.prompt - usage.cached;
  const said = usage.completion;
  return {
    cache_n: usage.cached,
    prompt_n: read,
    prompt_ms: prefillMs,
    prompt_per_token_ms: read > 0 ? prefillMs / read : 0,
    prompt_per_second: perSecond(read, prefillMs),
    predicted_n: said,
    predicted_ms: decodeMs,
    predicted_per_token_ms: said > 0 ? decodeMs / said : 0,
    predicted_per_second: perSecond(said, decodeMs),
  };
}

/** `logprobs.content` of a chat completion. */
export const contentLogprobs = (logprobs: readonly Logprob[]): unknown[] =>
  logprobs.map(({ token, logprob, bytes, top }) => ({
    token,
    logprob,
    bytes,
    top_logprobs: top.map((each) => ({ token: each.token, logprob: each.logprob, bytes: each.bytes })),
  }));

/** Why it ended. */
export const finishReason = ({ finish }: Choice): string => (finish === 'calls' ? 'tool_calls' : finish);
