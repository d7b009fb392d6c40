// What a server's metrics say, as rows for people.

/** The values of a look, by name and labels. */
export interface Sample {
  /** Milliseconds. */
  readonly at: number;
  readonly values: ReadonlyMap<string, number>;
}

/** Reads Prometheus' text. */
export function metricsOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.flatMap((line) => {
      const at = line.lastIndexOf(' ');
      const value = Number(line.slice(at + 1));
      return at > 0 && !Number.isNaN(value) ? [[line.slice(0, at), value] as const] : [];
    }),
  );
}

const label = (key: string, name: string): string => new RegExp(`${name}="([^"]*)"`).exec(key)?.[1] ?? '';

const bytes = (value: number): string => (value >= 2 ** 30 ? `${(value / 2 ** 30).toFixed(2)} GiB` : `${(value / 2 ** 20).toFixed(0)} MiB`);

/** What became of the server between two looks. */
export function rowsOf(before: Sample, now: Sample): string[] {
  const value = (name: string): number => now.values.get(name) ?? 0;
  const seconds = Math.max(0.001, (now.at - before.at) / 1000);
  const rate = (name: string): string => ((value(name) - (before.values.get(name) ?? 0)) / seconds).toFixed(1);
  const mean = (name: string): string => {
    const [sum, count] = [`${name}_sum`, `${name}_count`].map((each) => value(each) - (before.values.get(each) ?? 0)) as [number, number];
    return count > 0 ? `${((1000 * sum) / count).toFixed(0)} ms` : '-';
  };
  const models = [...now.values].filter(([key]) => key.startsWith('llama_ts_model_bytes{'));
  const read = value('llamacpp:prompt_tokens_total');
  const known = value('vllm:prefix_cache_hits_total');
  return [
    `requests    ${value('llamacpp:requests_processing')} running, ${value('llamacpp:requests_deferred')} waiting`,
    `tokens      ${rate('llamacpp:tokens_predicted_total')} generated a second, ${rate('llamacpp:prompt_tokens_total')} read a second`,
    `first token ${mean('vllm:time_to_first_token_seconds')}, in line ${mean('vllm:request_queue_time_seconds')}`,
    `cache       ${read + known > 0 ? ((100 * known) / (read + known)).toFixed(1) : '0.0'} % of prompts were known`,
    `memory      ${bytes(value('process_resident_memory_bytes'))} resident`,
    ...models.map(([key, size]) => `model       ${label(key, 'model_name')}: ${size > 0 ? bytes(size) : 'not loaded'}`),
  ];
}
