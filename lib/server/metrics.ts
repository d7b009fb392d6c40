// What Prometheus reads. Names are those that dashboards of llama.cpp and vLLM know; labels are routes and models, never what a client wrote.

type Labels = Readonly<Record<string, string>>;

const escaped = (text: string): string => text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n');

const keyOf = (labels: Labels): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',');

const line = (name: string, key: string, value: number): string => `${name}${key === '' ? '' : `{${key}}`} ${value}\n`;

/** A family of numbers. */
abstract class Family {
  constructor(
    protected readonly name: string,
    private readonly help: string,
    private readonly type: 'counter' | 'gauge' | 'histogram',
  ) {}

  text(): string {
    return `# HELP ${this.name} ${this.help}\n# TYPE ${this.name} ${this.type}\n${this.lines()}`;
  }

  protected abstract lines(): string;
}

/** What only grows. */
export class Counter extends Family {
  readonly #values = new Map<string, number>();

  constructor(name: string, help: string, labelled = false) {
    super(name, help, 'counter');
    if (!labelled) this.#values.set('', 0);
  }

  add(by: number, labels: Labels = {}): void {
    const key = keyOf(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + by);
  }

  value(labels: Labels = {}): number {
    return this.#values.get(keyOf(labels)) ?? 0;
  }

  protected lines(): string {
    return [...this.#values].map(([key, value]) => line(this.name, key, value)).join('');
  }
}

/** What is so at the moment. */
export class Gauge extends Family {
  constructor(
    name: string,
    help: string,
    private readonly now: () => readonly (readonly [labels: Labels, value: number])[],
  ) {
    super(name, help, 'gauge');
  }

  protected lines(): string {
    return this.now()
      .map(([labels, value]) => line(this.name, keyOf(labels), value))
      .join('');
  }
}

/** How values are spread. */
export class Histogram extends Family {
  readonly #counts: number[];
  #sum = 0;

  constructor(
    name: string,
    help: string,
    private readonly bounds: readonly number[],
  ) {
    super(name, help, 'histogram');
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  observe(value: number): void {
    const at = this.bounds.findIndex((bound) => value <= bound);
    const bucket = at < 0 ? this.bounds.length : at;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  protected lines(): string {
    let total = 0;
    const buckets = this.#counts.map((count, i) => line(`${this.name}_bucket`, `le="${this.bounds[i] ?? '+Inf'}"`, (total += count)));
    return [...buckets, line(`${this.name}_sum`, '', this.#sum), line(`${this.name}_count`, '', total)].join('');
  }
}

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
const tokenSeconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5];

/** What a request took, once it is done. */
export interface Took {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
  readonly queuedMs: number;
  readonly firstMs: number;
  readonly allMs: number;
  readonly finish: string;
}

/** Who is running and waiting, by model. */
export type Load = () => readonly { readonly model: string; readonly running: number; readonly waiting: number; readonly bytes: number }[];

/** The server's families. */
export class ServerMetrics {
  readonly #all: Family[] = [];
  readonly requests = this.#kept(new Counter('llama_ts_http_requests_total', 'Requests answered, by route and status.', true));
  readonly #prompt = this.#kept(new Counter('llamacpp:prompt_tokens_total', 'Prompt tokens computed.'));
  readonly #promptSeconds = this.#kept(new Counter('llamacpp:prompt_seconds_total', 'Seconds that prompts were computed for.'));
  readonly #predicted = this.#kept(new Counter('llamacpp:tokens_predicted_total', 'Tokens generated.'));
  readonly #predictedSeconds = this.#kept(new Counter('llamacpp:tokens_predicted_seconds_total', 'Seconds that tokens were generated for.'));
  readonly #cached = this.#kept(new Counter('vllm:prefix_cache_hits_total', 'Tokens of prompts that an earlier prompt had computed.'));
  readonly #finished = this.#kept(new Counter('vllm:request_success_total', 'Generations that came to their end, by its reason.', true));
  readonly #first = this.#kept(new Histogram('vllm:time_to_first_token_seconds', 'Seconds from a request to its first token.', seconds));
  readonly #between = this.#kept(new Histogram('vllm:time_per_output_token_seconds', 'Seconds between two tokens of a generation.', tokenSeconds));
  readonly #whole = this.#kept(new Histogram('vllm:e2e_request_latency_seconds', 'Seconds from a request to its end.', seconds));
  readonly #queued = this.#kept(new Histogram('vllm:request_queue_time_seconds', 'Seconds that a request waited in line.', seconds));

  constructor(load: Load) {
    const sum = (of: 'running' | 'waiting'): number => load().reduce((all, each) => all + each[of], 0);
    const by = (of: 'running' | 'waiting' | 'bytes') => () => load().map((each) => [{ model_name: each.model }, each[of]] as const);
    const rate = (tokens: Counter, time: Counter) => () => [[{}, time.value() > 0 ? tokens.value() / time.value() : 0]] as const;
    this.#kept(new Gauge('llamacpp:requests_processing', 'Places in use.', () => [[{}, sum('running')]]));
    this.#kept(new Gauge('llamacpp:requests_deferred', 'Requests that wait in line.', () => [[{}, sum('waiting')]]));
    this.#kept(new Gauge('llamacpp:prompt_tokens_seconds', 'Prompt tokens a second, on average.', rate(this.#prompt, this.#promptSeconds)));
    this.#kept(new Gauge('llamacpp:predicted_tokens_seconds', 'Generated tokens a second, on average.', rate(this.#predicted, this.#predictedSeconds)));
    this.#kept(new Gauge('vllm:num_requests_running', 'Places in use, by model.', by('running')));
    this.#kept(new Gauge('vllm:num_requests_waiting', 'Requests that wait in line, by model.', by('waiting')));
    this.#kept(new Gauge('llama_ts_model_bytes', 'Memory of a loaded model; 0: it is not loaded.', by('bytes')));
    this.#kept(new Gauge('process_resident_memory_bytes', 'Resident memory of the process.', () => [[{}, process.memoryUsage.rss()]]));
  }

  #kept<F extends Family>(family: F): F {
    this.#all.push(family);
    return family;
  }

  /** Tokens, when they come. */
  said(tokens: number): void {
    this.#predicted.add(tokens);
  }

  generated(took: Took): void {
    this.#prompt.add(took.promptTokens - took.cachedTokens);
    this.#promptSeconds.add(took.prefillMs / 1000);
    this.#predictedSeconds.add(took.decodeMs / 1000);
    this.#cached.add(took.cachedTokens);
    this.#finished.add(1, { finished_reason: took.finish });
    this.#first.observe(took.firstMs / 1000);
    if (took.completionTokens > 1) this.#between.observe(took.decodeMs / (took.completionTokens - 1) / 1000);
    this.#whole.observe(took.allMs / 1000);
    this.#queued.observe(took.queuedMs / 1000);
  }

  text(): string {
    return this.#all.map((family) => family.text()).join('');
  }
}

/** The type of that text. */
export const metricsType = 'text/plain; version=0.0.4; charset=utf-8';
