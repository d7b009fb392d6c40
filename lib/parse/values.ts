// Values as models write them, JSON with its usual faults or Python's, read as they come and given as JSON (RFC 8259).
import { Input, Markers, type Steps } from './input';

/** How a model writes values. */
export interface Writing {
  /** What stands on both sides of a string in which nothing is escaped, beside quotes. */
  readonly stringMark?: string;
  /** Keys and values may be words without quotes; such a value is a string, where it is no literal. */
  readonly words?: boolean;
  /** Lists may be tuples. */
  readonly tuples?: boolean;
}

export const json: Writing = {};
export const python: Writing = { words: true, tuples: true };

const deepest = 256;

/** Where a value goes, and what is wrong with it that can be told and read on. */
export interface Out {
  write(json: string): void;
  problem(message: string): void;
}

/** Text inside a JSON string. */
export const escaped = (text: string): string => JSON.stringify(text).slice(1, -1);

/**
 * Reads a value and writes it as JSON. Forgiven are single quotes, Python's literals and escapes, trailing commas and control characters in
 * strings. False: it cannot be read, or it nests too deeply; what was written before stays.
 */
export function* readValue(input: Input, writing: Writing, out: Out): Steps<boolean> {
  return yield* new ValueReader(input, writing, out).value();
}

/** Reads a string in quotes; undefined where none stands here, or it does not end. */
export function* readString(input: Input): Steps<string | undefined> {
  const quote = yield* input.next();
  if (quote !== '"' && quote !== "'") return undefined;
  const pieces: string[] = [];
  const reader = new ValueReader(input, json, { write: (piece) => pieces.push(piece), problem: () => {} });
  input.take(1);
  return (yield* reader.string(quote)) ? (JSON.parse(pieces.join('')) as string) : undefined;
}

type Closer = '}' | ']' | ')';

class ValueReader {
  readonly #open: Closer[] = [];
  readonly #mark: Markers | undefined;

  constructor(
    private readonly input: Input,
    private readonly writing: Writing,
    private readonly out: Out,
  ) {
    if (writing.stringMark !== undefined) this.#mark = new Markers([writing.stringMark]);
  }

  *value(): Steps<boolean> {
    for (let comma = ''; ; ) {
      yield* this.input.skip();
      if (this.#open.length > 0) {
        const closed = yield* this.#close(this.#open.at(-1) as Closer);
        if (closed) {
          if (this.#open.length === 0) return true;
          const next = yield* this.#behind();
          if (next === undefined) return false;
          comma = next;
          continue;
        }
        this.out.write(comma);
        if (this.#open.at(-1) === '}' && !(yield* this.#key())) return false;
      }
      const opened = yield* this.#opening();
      comma = '';
      if (opened === true) continue;
      if (opened === undefined || !(yield* this.#simple())) return false;
      if (this.#open.length === 0) return true;
      const next = yield* this.#behind();
      if (next === undefined) return false;
      comma = next;
    }
  }

  /** `{` and the like. Undefined: it nests too deeply. */
  *#opening(): Steps<boolean | undefined> {
    const letter = yield* this.input.next();
    const closer = letter === '{' ? '}' : letter === '[' ? ']' : letter === '(' && this.writing.tuples ? ')' : undefined;
    if (closer === undefined) return false;
    if (this.#open.length >= deepest) return undefined;
    this.input.take(1);
    this.#open.push(closer);
    this.out.write(letter === '(' ? '[' : letter);
    return true;
  }

  *#close(closer: Closer): Steps<boolean> {
    if ((yield* this.input.next()) !== closer) return false;
    this.input.take(1);
    this.#open.pop();
    this.out.write(closer === ')' ? ']' : closer);
    return true;
  }

  /** What stands behind a value inside another: a comma, which is written only where something follows, or nothing before the end. */
  *#behind(): Steps<string | undefined> {
    yield* this.input.skip();
    const letter = yield* this.input.next();
    if (letter === this.#open.at(-1)) return '';
    if (letter !== ',') return undefined;
    this.input.take(1);
    return ',';
  }

  *#key(): Steps<boolean> {
    const marked = this.#mark !== undefined && (yield* this.input.accept(this.#mark)) !== undefined;
    const letter = yield* this.input.next();
    if (marked) {
      if (!(yield* this.#marked())) return false;
    } else if (letter === '"' || letter === "'") {
      this.input.take(1);
      if (!(yield* this.string(letter))) return false;
    } else if (!this.writing.words || !(yield* this.#word(/[^:,{}[\]"'\s]+/y))) return false;
    yield* this.input.skip();
    if ((yield* this.input.next()) !== ':') return false;
    this.input.take(1);
    this.out.write(':');
    yield* this.input.skip();
    return true;
  }

  *#word(letters: RegExp): Steps<boolean> {
    const pieces: string[] = [];
    yield* this.input.run(letters, (piece) => pieces.push(piece));
    if (pieces.length === 0) return false;
    this.out.write(JSON.stringify(pieces.join('')));
    return true;
  }

  *#simple(): Steps<boolean> {
    if (this.#mark && (yield* this.input.accept(this.#mark)) !== undefined) return yield* this.#marked();
    const letter = yield* this.input.next();
    if (letter === '"' || letter === "'") {
      this.input.take(1);
      return yield* this.string(letter);
    }
    const pieces: string[] = [];
    yield* this.input.run(this.writing.words ? /[^,{}[\]()"'\n]+/y : /[-+.\w]+/y, (piece) => pieces.push(piece));
    const word = pieces.join('').trim();
    const known = word === '' ? undefined : literal(word);
    if (known !== undefined) {
      this.out.write(known);
      return true;
    }
    if (word === '' || !(this.writing.words || numeric.test(word))) return false;
    this.out.problem(`expected a value, found ${word.slice(0, 40)}: given as a string`);
    this.out.write(JSON.stringify(word));
    return true;
  }

  /** The rest of a string up to its mark. */
  *#marked(): Steps<boolean> {
    this.out.write('"');
    const end = yield* this.input.until(this.#mark as Markers, (piece) => this.out.write(escaped(piece)));
    if (end === undefined) return false;
    this.out.write('"');
    return true;
  }

  /** The rest of a string behind its first quote. */
  *string(quote: string): Steps<boolean> {
    this.out.write('"');
    const plain = quote === '"' ? /[^"\\]+/y : /[^'\\]+/y;
    for (;;) {
      yield* this.input.run(plain, (piece) => this.out.write(escaped(piece)));
      const letter = yield* this.input.next();
      if (letter === '') return false;
      this.input.take(1);
      if (letter === quote) break;
      const meant = yield* this.#escape();
      if (meant === undefined) return false;
      this.out.write(escaped(meant));
    }
    this.out.write('"');
    return true;
  }

  /** What an escape means; half a character that stays alone is U+FFFD. */
  *#escape(): Steps<string | undefined> {
    const letter = yield* this.input.next();
    if (letter === '') return undefined;
    this.input.take(1);
    const width = widths[letter];
    if (width === undefined) return meanings[letter] ?? (letter === '\n' ? letter : `\\${letter}`);
    const code = yield* this.#hex(width);
    if (code === undefined) return `\\${letter}`;
    if (code >= 0xd800 && code < 0xdc00) {
      const [, low] = /^\\u([dD][c-fC-F][\da-fA-F]{2})$/.exec(yield* this.input.peek(6)) ?? [];
      if (low === undefined) return '\ufffd';
      this.input.take(6);
      return String.fromCharCode(code, Number.parseInt(low, 16));
    }
    return (code >= 0xdc00 && code < 0xe000) || code > 0x10ffff ? '\ufffd' : String.fromCodePoint(code);
  }

  *#hex(width: number): Steps<number | undefined> {
    const digits = yield* this.input.peek(width);
    if (digits.length < width || !/^[\da-fA-F]+$/.test(digits)) return undefined;
    this.input.take(width);
    return Number.parseInt(digits, 16);
  }
}

const widths: Readonly<Record<string, number>> = { u: 4, x: 2, U: 8 };
const meanings: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '0': '\0',
  '"': '"',
  "'": "'",
  '\\': '\\',
  '/': '/',
};

const numeric = /^[-+]?\.?\d[\d_.eE+-]*$/;
const literals: Readonly<Record<string, string>> = { true: 'true', True: 'true', false: 'false', False: 'false', null: 'null', None: 'null' };

/** A literal as JSON writes it; undefined where it is none, or a number that JavaScript has no room for. */
function literal(word: string): string | undefined {
  if (Object.hasOwn(literals, word)) return literals[word];
  if (!numeric.test(word)) return undefined;
  const value = Number(word.replaceAll('_', ''));
  if (!Number.isFinite(value)) return undefined;
  return /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/.test(word) ? word : JSON.stringify(value);
}

/** A whole text as JSON, where it is one value and nothing besides. */
export function valueOf(text: string, writing = json): { readonly text: string; readonly problems: readonly string[] } | undefined {
  const input = new Input();
  input.push(text);
  input.end();
  const pieces: string[] = [];
  const problems: string[] = [];
  function* whole(): Steps<boolean> {
    const read = yield* readValue(input, writing, { write: (piece) => pieces.push(piece), problem: (message) => problems.push(message) });
    if (read) yield* input.skip();
    return read && input.over;
  }
  const { done, value } = whole().next();
  return done && value ? { text: pieces.join(''), problems } : undefined;
}
