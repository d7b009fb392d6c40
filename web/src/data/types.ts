// What the page keeps of conversations.

/** Why something did not work, as far as the page can tell. */
export type FailureKind = 'gone' | 'key' | 'forbidden' | 'busy' | 'refused' | 'failed' | 'broken';

/** Something that did not work. */
export interface Failure {
  readonly kind: FailureKind;
  /** What the server said. */
  readonly message: string;
  readonly status?: number;
  /** Seconds that the server asks to wait. */
  readonly retryAfter?: number;
}

/** A token, how probable it was, and what else could have come. */
export interface TokenChance {
  readonly text: string;
  readonly logprob: number;
  readonly top: readonly { readonly text: string; readonly logprob: number }[];
}

/** A call that a model made. */
export interface Call {
  readonly id: string;
  readonly name: string;
  /** JSON text; of a call that was cut off, its beginning. */
  readonly arguments: string;
}

/** How long an answer took. */
export interface Timings {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly promptMs: number;
  readonly tokens: number;
  readonly ms: number;
}

interface Turn {
  readonly id: string;
  /** What it follows; null: it is the first. */
  readonly parent: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** What the user said. */
export interface Question extends Turn {
  readonly role: 'user';
  readonly text: string;
}

/** How far an answer is. `cut`: the page was closed while it was made. */
export type AnswerState = 'waiting' | 'running' | 'done' | 'length' | 'stopped' | 'failed' | 'cut';

/** What the model said. */
export interface Answer extends Turn {
  readonly role: 'assistant';
  readonly state: AnswerState;
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly Call[];
  readonly model: string;
  /** Whether the text is bound to a schema. */
  readonly bound?: boolean;
  readonly failure?: Failure;
  readonly timings?: Timings;
  readonly chances?: readonly TokenChance[];
  /** Tokens a second, one number for each stretch of time. */
  readonly rates?: readonly number[];
}

/** What a tool gave. */
export interface ToolResult extends Turn {
  readonly role: 'tool';
  readonly call: string;
  readonly name: string;
  readonly text: string;
}

export type Node = Question | Answer | ToolResult;

/** What answers are asked for with. */
export interface Settings {
  readonly system: string;
  /** Samplers by the server's names; what is absent is as the server has it. */
  readonly parameters: Readonly<Record<string, number | boolean>>;
  /** Texts that end an answer. */
  readonly stop: readonly string[];
  /** Answers to a question. */
  readonly answers: number;
  /** Whether tokens are asked for with their probabilities. */
  readonly chances: boolean;
  readonly schema: { readonly on: boolean; readonly text: string };
  /** `on`: functions of the user's, in `text`. `server`: those that the server runs; `unasked`: without a question. */
  readonly tools: { readonly on: boolean; readonly text: string; readonly server: boolean; readonly unasked: boolean };
}

/** A conversation: a tree, and the branch of it that is shown. */
export interface Conversation {
  readonly id: string;
  readonly title: string;
  /** Whether the user gave the title. */
  readonly named: boolean;
  readonly created: number;
  readonly updated: number;
  readonly model: string;
  readonly settings: Settings;
  /** Those that come later follow earlier ones. */
  readonly nodes: readonly Node[];
  /** Which of several that follow one is shown, by the id of that one; '' is the beginning. */
  readonly chosen: Readonly<Record<string, string>>;
}

/** Settings that change nothing. */
export const plainSettings: Settings = {
  system: '',
  parameters: {},
  stop: [],
  answers: 1,
  chances: false,
  schema: { on: false, text: '' },
  tools: { on: false, text: '', server: false, unasked: false },
};

export const newId = (): string => crypto.randomUUID();
