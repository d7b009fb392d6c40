// What a model's output holds: its parts as they come, and the whole.

/** A call of a tool, as a model wrote it. */
export interface ToolCall {
  /** Where the model's format carries one. */
  readonly id?: string;
  readonly name: string;
  /** The arguments. Of an incomplete call there are none. */
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The arguments as JSON text; of an incomplete call its beginning. */
  readonly argumentsText: string;
  /** The output ended, or went wrong, inside the call. */
  readonly incomplete?: true;
}

/** Something in the output that is not as the model's format has it. */
export interface ParseProblem {
  readonly message: string;
  /** The letters that it is about. */
  readonly raw: string;
}

/** A part of a model's output, in the order in which they come. `index` counts the calls of one output. */
export type OutputPart =
  | { readonly type: 'text' | 'reasoning'; readonly text: string }
  | { readonly type: 'callStart'; readonly index: number; readonly name: string; readonly id?: string }
  /** JSON text: all pieces of a call together are its arguments. */
  | { readonly type: 'callArguments'; readonly index: number; readonly text: string }
  | { readonly type: 'callEnd'; readonly index: number; readonly call: ToolCall }
  | { readonly type: 'problem'; readonly message: string; readonly raw: string };

/** A model's output, read whole. */
export interface ParsedOutput {
  readonly reasoning: string;
  readonly content: string;
  readonly toolCalls: readonly ToolCall[];
  readonly problems: readonly ParseProblem[];
}

/** Letters of one kind. White space at either end that stands beside markup belongs to the markup. */
class Letters {
  readonly all: string[] = [];
  #space: string[] = []; // which may turn out to be the last
  #beside = false; // markup was read since the last letter

  constructor(private readonly give: (text: string) => void) {}

  add(text: string): void {
    const shown = this.#beside && this.all.length === 0 ? text.trimStart() : text;
    if (shown === '') return;
    const end = shown.trimEnd().length;
    if (end === 0) return void this.#space.push(shown);
    this.#beside = false;
    this.#write(this.#space.join('') + shown.slice(0, end));
    this.#space = end < shown.length ? [shown.slice(end)] : [];
  }

  markup(): void {
    this.#beside = true;
    if (this.all.length === 0) this.#space = [];
  }

  end(): void {
    if (this.#space.length > 0 && !this.#beside) this.#write(this.#space.join(''));
    this.#space = [];
  }

  #write(text: string): void {
    this.all.push(text);
    this.give(text);
  }
}

interface OpenCall {
  readonly index: number;
  readonly name: string;
  id: string | undefined;
  readonly pieces: string[];
}

/** Puts together what the readers of formats find. */
export class Parts {
  readonly #give: (part: OutputPart) => void;
  readonly #reasoning = new Letters((text) => this.#give({ type: 'reasoning', text }));
  readonly #content = new Letters((text) => this.#give({ type: 'text', text }));
  readonly #calls: ToolCall[] = [];
  readonly #problems: ParseProblem[] = [];
  #open: OpenCall | undefined;

  /** `faults`: what is wrong with a whole call beside its form. */
  constructor(
    give: (part: OutputPart) => void,
    private readonly faults: (call: ToolCall) => readonly string[] = () => [],
    private readonly idOf?: () => string,
  ) {
    this.#give = give;
  }

  /** How many calls are complete, or as complete as they get. */
  get calls(): number {
    return this.#calls.length;
  }

  readonly text = (text: string): void => this.#content.add(text);
  readonly reasoning = (text: string): void => this.#reasoning.add(text);

  /** A marker was read, which is part of neither. */
  markup(): void {
    this.#content.markup();
    this.#reasoning.markup();
  }

  /** A call begins; its arguments follow by `write`. */
  begin(name: string, own?: string): void {
    this.markup();
    const id = own ?? this.idOf?.();
    this.#open = { index: this.#calls.length, name, id, pieces: [] };
    this.#give({ type: 'callStart', index: this.#open.index, name, ...(id !== undefined && { id }) });
  }

  readonly write = (text: string): void => {
    if (!this.#open || text === '') return;
    this.#open.pieces.push(text);
    this.#give({ type: 'callArguments', index: this.#open.index, text });
  };

  /** The id of the call that began, where it comes behind the arguments. */
  identify(id: string): void {
    if (this.#open) this.#open.id ??= id;
  }

  /** Whether text was given that is more than white space. */
  get hasText(): boolean {
    return this.#content.all.length > 0;
  }

  /** The call that began ends; `complete`: its arguments are whole. */
  end(complete: boolean): void {
    if (!this.#open) return;
    const { index, name, id, pieces } = this.#open;
    this.#open = undefined;
    const argumentsText = pieces.join('');
    const call: ToolCall = {
      ...(id !== undefined && { id }),
      name,
      arguments: complete ? (JSON.parse(argumentsText) as Record<string, unknown>) : {},
      argumentsText,
      ...(!complete && { incomplete: true as const }),
    };
    this.#calls.push(call);
    this.#give({ type: 'callEnd', index, call });
    if (complete) for (const fault of this.faults(call)) this.problem(fault, argumentsText);
  }

  problem(message: string, raw: string): void {
    this.#problems.push({ message, raw });
    this.#give({ type: 'problem', message, raw });
  }

  /** All of it; nothing comes any more. */
  whole(): ParsedOutput {
    this.#reasoning.end();
    this.#content.end();
    const reasoning = this.#reasoning.all.join('');
    return { reasoning, content: this.#content.all.join(''), toolCalls: this.#calls, problems: this.#problems };
  }
}
