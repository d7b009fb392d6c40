// An answer in a conversation: what the model says is read as parts, tools are run, and the model goes on with what they gave.
import type { Course, Part, Result, Said } from './generation';
import type { Grammar } from './grammar';
import type { GrammarHandle, NativeReport, NativeRequest, Segment } from './native';
import {
  channelStart,
  OutputParser,
  reasoningBefore,
  type OfferedTool,
  type OutputPart,
  type ParseContext,
  type ParsedOutput,
  type ParseProblem,
  type ToolCall,
} from './parse';
import { Tools } from './parse/tools';
import { conversationPart, idsPart, tailOf, type PromptPart } from './prompt';
import type { Message } from './template';
import { runCall, type ReasoningOptions, type Tool, type ToolOptions } from './tools';

/**
 * What a reply needs of a model.
 * @internal
 */
export interface Speaker {
  /** The prompt of the conversation with the messages that were added, and the template it was made with. */
  prompt(added: readonly Message[]): Promise<{ readonly segments: readonly Segment[]; readonly template: string }>;
  /** The ids that segments are submitted as. */
  ids(segments: readonly Segment[]): Promise<Uint32Array>;
  /** Hands a request over; gives the function that aborts it. */
  submit(part: PromptPart, course: Course, more: Partial<NativeRequest>): () => void;
  readonly controls: readonly string[];
}

/** @internal */
export interface ReplyOptions extends ToolOptions {
  readonly offered: readonly OfferedTool[] | undefined;
  readonly reasoning?: ReasoningOptions | undefined;
  readonly maxTokens?: number | undefined;
  /** How the answer begins. */
  readonly prefix: string;
  /** What the answer's text is bound to. */
  readonly bound?: Grammar | undefined;
  /** What the model writes behind its reasoning is bound to: the first time, and when tools were run. */
  readonly binding?: { readonly first: GrammarHandle; readonly then: GrammarHandle | undefined } | undefined;
}

/** What became of a round. */
interface Round {
  readonly report: NativeReport;
  readonly output: ParsedOutput;
}

const usualRounds = 8;

/**
 * Runs one reply, which may take several rounds.
 * @internal
 */
export class Reply {
  #stop: () => void = () => {};
  readonly #calls: ToolCall[] = [];
  readonly #problems: ParseProblem[] = [];
  readonly #added: Message[] = [];
  readonly #reasoning: string[] = [];
  readonly #totals = { promptTokens: 0, cachedTokens: 0, completionTokens: 0, queuedMs: 0, prefillMs: 0, decodeMs: 0 };
  #ids: number; // that calls were given
  #texted = false; // whether text was shown

  constructor(
    private readonly speaker: Speaker,
    private readonly course: Course,
    private readonly options: ReplyOptions,
    messages: readonly Message[],
  ) {
    this.#ids = messages.reduce((sum, { tool_calls = [] }) => sum + tool_calls.length, 0);
  }

  /** Stops what runs. */
  stop(): void {
    this.#stop();
  }

  /** Everything, to the last report. What it throws fails the reply. */
  async run(): Promise<void> {
    const { maxRounds = usualRounds } = this.options;
    for (let rounds = 1; ; rounds++) {
      const round = await this.#round(rounds === 1 ? this.options.prefix : '');
      if (!round || !this.course.running) return;
      const { report, output } = round;
      const calls = output.toolCalls.filter((call) => !call.incomplete);
      this.#keep(output, calls);
      if (rounds === 1) this.#checkChoice(calls);
      const finish = report.finish as Result<string>['finish'];
      const runs = finish === 'stop' && calls.length > 0;
      const all = runs && calls.every(({ name }) => this.#toolOf(name)?.run !== undefined || this.#toolOf(name) === undefined);
      if (!all || rounds === maxRounds || calls.every(({ name }) => this.#toolOf(name) === undefined)) {
        if (all && rounds === maxRounds) this.#problem(`tools were run ${rounds - 1} times, which is as often as maxRounds lets`, '');
        return this.course.end({ ...report, ...this.#totals }, runs ? 'calls' : finish, this.#said());
      }
      await this.#runTools(calls);
      if (!this.course.running) return;
    }
  }

  #toolOf(name: string): Tool | undefined {
    const { tools = {} } = this.options;
    return Object.hasOwn(tools, name) ? tools[name] : undefined;
  }

  #said(): Said {
    const reasoning = this.#reasoning.join('\n\n');
    return {
      ...(reasoning !== '' && { reasoning }),
      ...(this.#calls.length > 0 && { toolCalls: this.#calls }),
      ...(this.#problems.length > 0 && { problems: this.#problems }),
      messages: this.#added,
    };
  }

  /** What was said becomes part of the conversation. */
  #keep({ content, reasoning, toolCalls }: ParsedOutput, calls: readonly ToolCall[]): void {
    const shows = this.options.reasoning?.include !== false && reasoning !== '';
    if (shows) this.#reasoning.push(reasoning);
    this.#calls.push(...toolCalls);
    this.#add({
      role: 'assistant',
      content,
      ...(shows && { reasoning_content: reasoning }),
      ...(calls.length > 0 && {
        tool_calls: calls.map((call) => ({ id: call.id ?? '', type: 'function' as const, function: { name: call.name, arguments: call.arguments } })),
      }),
    });
  }

  #add(...messages: readonly Message[]): void {
    const frozen = messages.map((message) => Object.freeze(message));
    this.#added.push(...frozen);
    this.course.added(frozen);
  }

  #problem(message: string, raw: string): void {
    this.#problems.push({ message, raw });
    this.course.report(nothing, [{ type: 'problem', message, raw }]);
  }

  #checkChoice(calls: readonly ToolCall[]): void {
    const { toolChoice = 'auto', offered } = this.options;
    if (!offered || toolChoice === 'auto' || toolChoice === 'none') return;
    if (calls.length === 0) this.#problem('toolChoice: the model called no tool, though it had to', '');
    const other = toolChoice === 'required' ? undefined : calls.find(({ name }) => name !== toolChoice.name);
    if (other) this.#problem(`toolChoice: the model called another tool than it had to: ${other.name}`, other.argumentsText);
  }

  async #runTools(calls: readonly ToolCall[]): Promise<void> {
    const known = new Tools(this.options.offered ?? []);
    const results = await Promise.all(
      calls.map(async (call) => {
        const tool = this.#toolOf(call.name);
        const result = await runCall(tool ?? {}, call, known.faults(call.name, call.arguments), this.course.signal);
        if (this.course.running) this.course.report(nothing, [{ type: 'toolResult', call, ...result }]);
        return result;
      }),
    );
    if (!this.course.running) return;
    this.#add(...results.map(({ content }, i) => toolMessage(calls[i] as ToolCall, content)));
  }

  /** One answer of the model. Undefined: the reply has failed. */
  async #round(prefix: string): Promise<Round | undefined> {
    const { segments, template } = await this.speaker.prompt(this.#added);
    if (!this.course.running) return undefined;
    const tail = tailOf(segments);
    const context: ParseContext & Record<string, unknown> = {
      tools: this.options.offered ?? null,
      prompt: prefix !== '' && tail.endsWith(prefix) ? tail.slice(0, -prefix.length) : tail,
      dropped: this.speaker.controls,
      idOf: () => `call${String(++this.#ids).padStart(5, '0')}`,
    };
    const parser = new OutputParser(template, context);
    const first = this.#calls.length;
    if (prefix !== '') this.#show(parser.push(prefix), first, false);
    const silent = prefix !== '' || this.options.reasoning?.effort === 'none';
    const grammar = this.#added.length === 0 ? this.options.binding?.first : this.options.binding?.then;
    const binding = grammar && {
      grammar,
      grammarPrefix: prefix,
      grammarAfter: silent ? undefined : reasoningBefore(template, tail, this.options.offered !== undefined),
    };
    return new Exchange(
      this.speaker,
      this.course,
      this.options,
      binding,
      parser,
      (parts) => this.#shown(parts, first),
      this.#totals,
      (stop) => {
        this.#stop = stop;
      },
    ).run(segments);
  }

  #show(parts: readonly OutputPart[], first: number, text: boolean): void {
    const shown = this.#shown(parts, first).filter(({ type }) => text || type !== 'text');
    if (shown.length > 0) this.course.report(nothing, shown);
  }

  /** Parts of an output as parts of the reply. */
  #shown(parts: readonly OutputPart[], first: number): Part[] {
    return parts.flatMap((part): Part[] => {
      switch (part.type) {
        case 'text': {
          const apart = this.#texted && this.#added.length > 0 && this.#round1 !== this.#added.length;
          this.#round1 = this.#added.length;
          this.#texted = true;
          return [{ type: 'text', text: apart ? `\n\n${part.text}` : part.text }];
        }
        case 'reasoning':
          return this.options.reasoning?.include === false ? [] : [{ type: 'reasoning', reasoning: part.text }];
        case 'callArguments':
          return [{ type: part.type, index: first + part.index, arguments: part.text }];
        case 'problem':
          this.#problems.push({ message: part.message, raw: part.raw });
          return [part];
        default:
          return [{ ...part, index: first + part.index }];
      }
    });
  }

  #round1 = 0; // messages that were added when text was last shown
}

const toolMessage = ({ id, name }: ToolCall, content: string): Message => ({ role: 'tool', content, name, ...(id !== undefined && { tool_call_id: id }) });
const nothing: NativeReport = Object.freeze({ text: '', ids: new Uint32Array() });

/** One answer: a request, or two where reasoning is ended before the model does. */
class Exchange {
  readonly #generated: number[] = [];
  #thought = 0; // tokens of reasoning
  #ended = false; // the reasoning, by its budget

  constructor(
    private readonly speaker: Speaker,
    private readonly course: Course,
    private readonly options: ReplyOptions,
    private readonly binding: Partial<NativeRequest> | undefined,
    private readonly parser: OutputParser,
    private readonly shown: (parts: readonly OutputPart[]) => Part[],
    private readonly totals: Record<'promptTokens' | 'cachedTokens' | 'completionTokens' | 'queuedMs' | 'prefillMs' | 'decodeMs', number>,
    private readonly stoppable: (stop: () => void) => void,
  ) {}

  async run(segments: readonly Segment[]): Promise<Round | undefined> {
    const end = this.#overBudget() ? this.#endReasoning() : undefined;
    let part = conversationPart(end === undefined ? segments : [...segments, { text: end, control: true }]);
    for (;;) {
      const report = await this.#request(part);
      if (!report) return undefined;
      if (report.finish !== 'aborted') return { report, output: this.parser.output };
      const before = await this.speaker.ids(segments);
      if (!this.course.running) return undefined;
      part = { ...idsPart(Uint32Array.from([...before, ...this.#generated])), segments: [{ text: this.#endReasoning(), control: true }] };
    }
  }

  #overBudget(): boolean {
    const { budget = Infinity } = this.options.reasoning ?? {};
    return !this.#ended && this.parser.reasoningEnd !== undefined && this.#thought >= budget;
  }

  /** What the model would have written. */
  #endReasoning(): string {
    this.#ended = true;
    const mark = this.parser.reasoningEnd ?? '';
    const end = mark.endsWith(channelStart) ? mark : `\n${mark}\n\n`; // behind a name, no space

    this.course.report(nothing, this.shown(this.parser.push(end)));
    return end;
  }

  /** The last report; `aborted` where the reasoning was cut off. Undefined: the reply has failed. */
  #request(part: PromptPart): Promise<NativeReport | undefined> {
    const { maxTokens } = this.options;
    const { course } = this;
    const left = maxTokens === undefined ? -1 : Math.max(1, maxTokens - this.totals.completionTokens);
    return new Promise((resolve, reject) => {
      let cut: 'reasoning' | 'call' | undefined;
      let abort = (): void => {};
      let heard = 0; // tokens: those that come behind a cut count for nothing
      const stop = (why: 'reasoning' | 'call'): void => {
        cut = why;
        abort();
      };
      const settle = (report: NativeReport): void => {
        for (const key of Object.keys(this.totals) as (keyof typeof this.totals)[]) this.totals[key] += report[key] ?? 0;
        resolve(report);
      };
      const hear = (report: NativeReport): void => {
        if (!this.course.running) return resolve(undefined);
        const { finish, ...rest } = report;
        if (finish === 'failed' || (finish === 'aborted' && !cut)) {
          this.course.report(report);
          return resolve(undefined);
        }
        if (!cut) {
          const said = [...this.parser.push(report.text), ...(finish ? this.parser.end() : [])];
          const called = this.options.parallelToolCalls === false ? said.findIndex(({ type }) => type === 'callEnd') + 1 : 0;
          this.#generated.push(...report.ids);
          heard += report.ids.length;
          if (this.parser.reasoningEnd !== undefined) this.#thought += report.ids.length;
          this.course.report(rest, this.shown(called > 0 ? said.slice(0, called) : said));
          if (!finish && called > 0) stop('call');
          else if (!finish && this.#overBudget()) stop('reasoning');
        }
        if (!finish) return;
        if (cut === 'call') this.parser.end();
        settle(cut ? { ...report, completionTokens: heard, finish: cut === 'call' ? 'stop' : 'aborted' } : report);
      };
      const inner: Course = {
        get running() {
          return course.running;
        },
        signal: course.signal,
        dropped: (messages) => this.course.dropped(messages),
        added: () => {},
        end: () => {},
        fail: (error) => {
          this.course.fail(error);
          resolve(undefined);
        },
        report: hear,
      };
      try {
        const after = this.#ended ? { grammarAfter: undefined } : undefined;
        abort = this.speaker.submit(part, inner, { maxTokens: left, spellControls: true, ...this.binding, ...after });
        this.stoppable(abort);
        if (cut) abort();
      } catch (error) {
        reject(error);
      }
    });
  }
}
