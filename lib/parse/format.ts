// How models write calls: what a format's data says. A format is one constant in `families/`.
import type { GrammarWriting } from '../grammar-part';
import type { CallShape } from './shape';
import type { Writing } from './values';

/** An object with the name and the arguments: `{"name": "f", "arguments": {}}`, alone or in lists. */
export interface JsonBody {
  readonly kind: 'json';
}

/** `f(a=1)`, alone or in lists. */
export interface PythonBody {
  readonly kind: 'python';
}

/** The name, a marker, the arguments in one value. */
export interface NamedBody {
  readonly kind: 'named';
  /** What a call begins with, where that is not the format's own marker. */
  readonly open?: string;
  /** What stands between name and arguments; a `{` at its end is the arguments' own. */
  readonly end: readonly string[];
  /** What stands before `end`: a `name`, and an `id` where there is one. */
  readonly head: RegExp;
  /** Where the head is this word, the name follows up to the line's end, and the arguments stand in a code fence. */
  readonly typed?: string;
  readonly writing: Writing;
  /** What ends a call. */
  readonly close: readonly string[];
}

/** The name, then each argument in tags of its own, its value as text; or the arguments as one object. */
export interface TaggedBody {
  readonly kind: 'tagged';
  readonly open?: string;
  /** What ends the name; one of `key.open` and `close` ends it too. */
  readonly end: readonly string[];
  /** What stands before `end`, where that is more than the `name`. */
  readonly head?: RegExp;
  /** The tag with a key: `key`; where the tag tells more of the value, whether it is `text`, or its `type`. */
  readonly key: { readonly open: string; readonly close: string; readonly head: RegExp };
  /** A tag in front of the value. */
  readonly valueOpen?: string;
  readonly valueClose: string;
  /** A line break behind the tag and one before its end are not the value's. */
  readonly lines?: boolean;
  readonly close: readonly string[];
}

export type Body = JsonBody | PythonBody | NamedBody | TaggedBody;

/** One way to write calls. */
export interface CallFormat {
  readonly open: readonly string[];
  /** The last letters of `open` that are the calls' own. */
  readonly back?: number;
  /** The marker is common in prose: where no call follows it is text, and nobody's fault. */
  readonly quiet?: boolean;
  readonly bodies: readonly Body[];
  readonly close: readonly string[];
  /** Calls without a marker in front, where an answer begins with one. */
  readonly bare?: 'json' | 'python';
  /** The name that stands for no call: text follows. */
  readonly textName?: string;
  /** What a template that writes no calls itself tells a model about them. */
  readonly signs?: readonly string[];
  /** Models whose templates write no calls write lists of them, begun, parted and ended so. */
  readonly list?: { readonly open: string; readonly between: string; readonly close: string };
}

/** Where reasoning stands. */
export interface ReasoningFormat {
  readonly open: string;
  readonly close: readonly string[];
  /** Control tokens, which no prose spells: reasoning may begin behind text too. */
  readonly anywhere?: boolean;
  /** Instructions use the word too: it counts where the template writes it around reasoning. */
  readonly printed?: boolean;
}

/** What stands around an answer's text, and is not part of it. */
export type Wrap = readonly [open: string, close: string];

/** A text around calls: letters that stand there, and patterns of what the model is free to choose, an id or a number. */
export type Around = readonly (string | { readonly pattern: string })[];

/** How a model writes whole calls: a text is made by it, where a format says how one is read. */
export interface CallLayout {
  /** White space that may stand in front of all. */
  readonly lead: string;
  readonly before: Around;
  /** Between the name and the arguments, or the other way round. */
  readonly between: Around;
  readonly after: Around;
  readonly argumentsFirst?: boolean;
  /** Between two calls, and behind the last of several, where a model writes several. */
  readonly several?: { readonly between: Around; readonly after: Around } | undefined;
  readonly writing?: Omit<GrammarWriting, 'apart'> & { readonly apart?: Omit<NonNullable<GrammarWriting['apart']>, 'texts'> };
  /** Arguments are JSON in lines. */
  readonly inLines?: boolean;
}

/** A template's formats. */
export interface OutputFormat {
  readonly calls: readonly CallFormat[];
  readonly reasoning: readonly ReasoningFormat[];
  readonly wraps: readonly Wrap[];
  /** Messages with a header each, which says whom they are for. */
  readonly channels?: boolean;
  /** How the template takes calls, where it prints any. */
  readonly callShape?: CallShape;
}
