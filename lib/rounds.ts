// The prompts of an answer: its template and variables, what is left out where the context is full, an answer that is begun already.
import { setImmediate as turn } from 'node:timers/promises';
import type { Asked } from './chat';
import type { Course } from './generation';
import { triedAgain } from './lenience';
import { LlamaError } from './errors';
import { partOf, type Grammar } from './grammar';
import type { GrammarHandle, NativeRequest, Segment } from './native';
import type { GrammarPart } from './grammar-part';
import { callsOf, prepareParser, reasoningOpen, shapedFor } from './parse';
import { conversationPart, tailOf, withPrefix, type PromptPart } from './prompt';
import { Reply, type ReplyOptions } from './reply';
import type { GenerateOptions } from './sampling';
import type { Message, Variables } from './template';

/**
 * What answers need of a model.
 * @internal
 */
export interface Host {
  controls(): readonly string[];
  ids(segments: readonly Segment[]): Promise<Uint32Array>;
  submit(part: PromptPart, course: Course, more: Partial<NativeRequest>): () => void;
  /** The most tokens of a prompt. */
  room(): number;
  template(): string;
  /** What a grammar is over the model's vocabulary. */
  bind(grammar: Grammar): Promise<GrammarHandle>;
  /** Compiles calls of tools, and what may stand beside them. */
  calls(written: GrammarPart, bound: Grammar | undefined): Promise<GrammarHandle>;
  render(template: string, messages: readonly Message[], variables: Variables): Promise<readonly Segment[]>;
}

/**
 * What is asked where no chat keeps the conversation: messages of which the last may begin the answer.
 * @internal
 */
export function alone(messages: readonly Message[]): Asked {
  const last = messages.at(-1);
  const begun = last?.role === 'assistant' && last.tool_calls === undefined ? last : undefined;
  const before = begun ? messages.slice(0, -1) : messages;
  return { setting: {}, prefix: begun?.content ?? '', from: () => before, fit: () => Promise.reject(new Error('nothing is left out')) };
}

type Offer = Pick<ReplyOptions, 'offered' | 'bound'>;

/**
 * One answer, of one request or of several.
 * @internal
 */
export class Rounds {
  #stop: () => void = () => {};

  constructor(private readonly host: Host) {}

  stop(): void {
    this.#stop();
  }

  async begin(course: Course, options: GenerateOptions & Offer, asked: Asked): Promise<void> {
    if (asked.from(0).length > manyMessages) await turn(); // checking them has held up the event loop for long enough
    if (!course.running) return;
    const template = this.host.template();
    const { reasons } = await prepareParser(template);
    if (!course.running) return;
    const prompts = new Prompts(this.host, course, asked, template, variablesOf(options));
    if (!options.offered && !options.reasoning && !reasons) {
      const grammar = options.bound && (await this.host.bind(options.bound));
      return this.#plain(course, options, await prompts.segments([]), asked.prefix, grammar);
    }
    const { host } = this;
    const speaker = {
      controls: host.controls(),
      ids: (segments: readonly Segment[]) => host.ids(segments),
      submit: (part: PromptPart, inner: Course, more: Partial<NativeRequest>) => host.submit(part, inner, more),
      prompt: async (added: readonly Message[]) => ({ segments: await prompts.segments(added), template }),
    };
    const reply = new Reply(speaker, course, { ...options, ...(await this.#bindings(template, options)), prefix: asked.prefix }, asked.from(0));
    if (!course.running) return;
    this.#stop = () => reply.stop();
    await reply.run();
  }

  /** What the answer is bound to: where tools are offered, to calls that must be made, and beside those that may be, to a bound text. */
  async #bindings(template: string, { offered, toolChoice = 'auto', parallelToolCalls, bound }: GenerateOptions & Offer): Promise<Partial<ReplyOptions>> {
    const { host } = this;
    if (!offered) {
      const handle = bound && (await host.bind(bound));
      return { binding: handle && { first: handle, then: handle } };
    }
    const named = typeof toolChoice === 'object' ? toolChoice.name : undefined;
    const must = toolChoice === 'required' || named !== undefined;
    if (!must && !bound) return {};
    const beside = bound && partOf(bound);
    const written = async (only: string | undefined, other: GrammarPart | undefined): Promise<GrammarPart | undefined> => {
      const tools = only === undefined ? offered : offered.filter((tool) => (tool.function as { name: string }).name === only);
      const several = (parallelToolCalls ?? !must) && only === undefined;
      return callsOf(template, { tools, several, beside: other });
    };
    const calls = await written(named, must ? undefined : beside);
    if (!calls && bound)
      throw new LlamaError(
        'UNSUPPORTED',
        'tools: how this model writes calls is not known, so a bound text cannot stand beside them: leave one of the two out',
      );
    if (!calls) return {}; // what the model calls is looked at when it is there
    const first = await host.calls(calls, bound);
    const then = bound && must ? await host.calls((await written(undefined, beside)) as GrammarPart, bound) : bound && first;
    return { binding: { first, then } };
  }

  /** Text alone: it is given as it comes. */
  #plain(course: Course, { maxTokens = -1 }: GenerateOptions, segments: readonly Segment[], prefix: string, grammar: GrammarHandle | undefined): void {
    const binding = grammar && { grammar, grammarPrefix: prefix };
    if (course.running) this.#stop = this.host.submit(conversationPart(segments), course, { maxTokens, ...binding });
  }
}

const manyMessages = 200;

/** The prompts of one answer. */
class Prompts {
  #dropped = 0;

  constructor(
    private readonly host: Host,
    private readonly course: Course,
    private readonly asked: Asked,
    private readonly template: string,
    private readonly variables: Variables,
  ) {}

  /** The conversation with the messages that were added since; without any, the answer begins with the prefix. */
  async segments(added: readonly Message[]): Promise<readonly Segment[]> {
    const { asked, host } = this;
    const prefix = added.length === 0 ? asked.prefix : '';
    if (added.length === 0 && asked.setting.contextFull === 'dropOldest') {
      const { dropped } = await asked.fit(async (from) => host.ids(await this.#render(asked.from(from), prefix)), host.room());
      this.#dropped = dropped;
      this.course.dropped(dropped);
    }
    return this.#render([...asked.from(this.#dropped), ...added], prefix);
  }

  async #render(messages: readonly Message[], prefix: string): Promise<readonly Segment[]> {
    const segments = await this.#rendered(shapedFor(this.template, messages));
    const close = prefix === '' ? undefined : reasoningOpen(tailOf(segments));
    const open = close === undefined ? segments : [...segments, { text: `\n${close}\n\n`, control: true }];
    return withPrefix(open, prefix, this.host.controls());
  }

  async #rendered(messages: readonly Message[]): Promise<readonly Segment[]> {
    try {
      return await this.host.render(this.template, messages, this.variables);
    } catch (error) {
      const again = triedAgain(error, this.variables);
      if (!again) throw error;
      return this.host.render(this.template, messages, again);
    }
  }
}

/** The template's variables, with what other options mean. */
function variablesOf({ variables = {}, offered, toolChoice, reasoning = {} }: GenerateOptions & Offer): Variables {
  const { effort, budget } = reasoning;
  const none = effort === 'none' || budget === 0;
  return {
    ...(offered && { tools: offered }),
    ...(typeof toolChoice === 'string' && { tool_choice: toolChoice }),
    ...(effort !== undefined && { reasoning_effort: effort }),
    ...((none || effort !== undefined) && { enable_thinking: !none, thinking: !none }),
    ...variables,
  };
}
