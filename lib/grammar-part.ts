// Texts in parts, as the addon takes them: what bound texts are made of where calls of tools are in them.

/** By the kind of a value: of a string, a number, a boolean, null, an array, an object. */
type OfKinds = readonly [string: string, number: string, boolean: string, none: string, array: string, object: string];

/** How the values that a schema allows are written, where that is not as JSON: see native/grammar/writing.h. */
export interface GrammarWriting {
  readonly values: 'json' | 'python' | 'marked';
  readonly mark?: string; // marked: on both sides of a string
  readonly sorted: boolean; // keys come in the order of their letters
  /** The properties of the outermost object, each on its own. */
  readonly apart?: {
    readonly first: string; // in front of the first
    readonly none: string; // in place of all, where there are none
    readonly open: string; // in front of each key
    readonly behindKey: OfKinds;
    readonly behind: OfKinds; // the value
    readonly between: string;
    readonly raw: boolean; // strings stand as they are
    readonly close: string; // what no value holds
    readonly told: boolean; // the tag tells whether it is a string
    readonly texts: readonly string[]; // properties that are read as strings, whatever they look like
    readonly lines: boolean; // a line break on either side is not the value's
    readonly literals: boolean; // true, false and null may be Python's
  };
}

/** A part of a text. In `text`, `end` and the texts of a writing control tokens are recognised; nothing more is written from one in `end` on that ends texts. */
export type GrammarPart =
  | { readonly text: string }
  | { readonly end: string }
  | { readonly pattern: string }
  | { readonly schema: string; readonly where: string; readonly anySpace: boolean; readonly writing?: GrammarWriting | undefined } // where: how errors begin
  | { readonly all: readonly GrammarPart[] }
  | { readonly any: readonly GrammarPart[] }
  | { readonly repeat: readonly GrammarPart[] };
