// Where a printed call has its name and its arguments, and what stands around each of them.
import type { Body, CallLayout, NamedBody, TaggedBody } from './format';
import { Input, Markers, type Steps } from './input';
import { probe, probeType, type ProbeType } from './probe';
import { json, python, readValue, type Writing } from './values';

export type Arguments = Readonly<Record<string, unknown>>;
type Written = NonNullable<CallLayout['writing']>;
type Apart = NonNullable<Written['apart']>;

export interface Slot {
  readonly from: number;
  readonly to: number;
}

/** A printed call. Of arguments that stand on their own, `apart` has all but what stands in front of the first. */
export interface Region {
  readonly name: Slot;
  readonly args: Slot;
  readonly inLines: boolean;
  readonly writing?: Written;
}

/** Values as they are printed, in an order that does not count. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pairs = Object.entries(value).map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`);
  return `{${pairs.sort().join(',')}}`;
}

/** A value that stands at a place; its end, and what it says. */
function valueAt(text: string, at: number, writing: Writing): { readonly to: number; readonly json: string } | undefined {
  const input = new Input();
  input.push(text.slice(at));
  input.end();
  const pieces: string[] = [];
  input.record();
  const { done, value } = readValue(input, writing, { write: (piece) => pieces.push(piece), problem: () => {} }).next();
  return done && value ? { to: at + input.recorded().length, json: pieces.join('') } : undefined;
}

const keysOf = (json: string): readonly string[] => Object.keys(JSON.parse(json) as object);

/** Whether keys that are given in another order are printed in that of their letters. */
function isSorted(keys: readonly string[], given: Arguments): boolean {
  const inOrder = [...keys].sort().join();
  return keys.join() === inOrder && Object.keys(given).join() !== inOrder;
}

/** Where the arguments stand as one value. */
function wholeIn(text: string, from: number, args: Arguments, writing: Writing): (Slot & { readonly sorted: boolean }) | undefined {
  const wanted = canonical(args);
  for (let at = text.indexOf('{', from); at >= 0; at = text.indexOf('{', at + 1)) {
    const found = valueAt(text, at, writing);
    if (found && canonical(JSON.parse(found.json)) === wanted) return { from: at, to: found.to, sorted: isSorted(keysOf(found.json), args) };
  }
  return undefined;
}

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

/** Finds the first call from a place on, by what bodies may write. */
export function regionIn(text: string, from: number, bodies: readonly Body[], args: Arguments): Region | undefined {
  const at = text.indexOf(probe.name, from);
  if (at < 0) return undefined;
  const name = { from: at, to: at + probe.name.length };
  const whole = wholeIn(text, from, args, json);
  const printed = whole && text.slice(whole.from, whole.to);
  if (whole && isJson(printed as string)) {
    return { name, args: whole, inLines: printed?.includes('\n') === true, ...(whole.sorted && { writing: { values: 'json', sorted: true } }) };
  }
  for (const body of bodies) {
    const found = body.kind === 'named' ? markedIn(text, name, body, args) : body.kind === 'python' ? pythonIn(text, name, args) : undefined;
    const region = body.kind === 'tagged' ? taggedIn(text, name, body, args) : found;
    if (region) return region;
  }
  return undefined;
}

function markedIn(text: string, name: Slot, { writing }: NamedBody, args: Arguments): Region | undefined {
  const slot = writing.stringMark === undefined ? undefined : wholeIn(text, name.to, args, writing);
  return slot && { name, args: slot, inLines: false, writing: { values: 'marked', mark: writing.stringMark as string, sorted: slot.sorted } };
}

const six = (text: string): Apart['behind'] => [text, text, text, text, text, text];
const keywords: Apart = {
  first: '(',
  none: '(',
  open: '',
  behindKey: six('='),
  behind: six(''),
  between: ', ',
  raw: false,
  close: '',
  told: false,
  lines: false,
  literals: false,
};
/** Arguments as Python has them, by their names. */
export const pythonWriting: Written = { values: 'python', sorted: false, apart: keywords };

const equals = new Markers(['=']);

/** What stands between a call's brackets. */
function pythonIn(text: string, name: Slot, args: Arguments): Region | undefined {
  if (text[name.to] !== '(') return undefined;
  const input = new Input();
  input.push(text.slice(name.to + 1));
  input.end();
  input.record();
  function* read(): Steps<string | undefined> {
    const pieces: string[] = [];
    for (;;) {
      const key = (yield* input.head(equals, 100))?.head.trim();
      if (key === undefined) return undefined;
      const value: string[] = [];
      if (!(yield* readValue(input, python, { write: (piece) => value.push(piece), problem: () => {} }))) return undefined;
      pieces.push(`${JSON.stringify(key)}:${value.join('')}`);
      if ((yield* input.next()) !== ',') return `{${pieces.join(',')}}`;
      input.take(1);
    }
  }
  const none = Object.keys(args).length === 0;
  const { value } = none ? { value: '{}' } : read().next();
  const to = name.to + 1 + input.recorded().length;
  if (typeof value !== 'string' || canonical(JSON.parse(value)) !== canonical(args)) return undefined;
  return { name, args: { from: name.to, to }, inLines: false, writing: pythonWriting };
}

/** How a value may be printed in a tag of its own; where as Python has it, the second is true. */
function* printsOf(value: unknown): Generator<readonly [text: string, literal: boolean]> {
  if (typeof value === 'string') return void (yield [value, false]);
  const compact = JSON.stringify(value);
  yield [compact, false];
  yield [compact.replaceAll(':', ': ').replaceAll(',', ', '), false];
  yield [compact.replaceAll(':', ': ').replaceAll(',', ', ').replaceAll('"', "'"), false];
  if (value === true) yield ['True', true];
  if (value === null) yield ['None', true];
}

const kinds: readonly ProbeType[] = ['string', 'integer', 'boolean', 'null', 'array', 'object'];

interface Tag {
  readonly open: string;
  readonly behindKey: string;
  readonly behind: string;
  readonly to: number;
  readonly literal: boolean;
  readonly key: string;
}

function tagAt(text: string, from: number, body: TaggedBody, args: Arguments): Tag | undefined {
  const key = /^[^\w]*(probe_\w+?)(?!\w)/.exec(text.slice(from + body.key.open.length))?.[1];
  if (key === undefined || !Object.hasOwn(args, key)) return undefined;
  const at = text.indexOf(key, from);
  const behind = at + key.length;
  const end = text.indexOf(body.valueClose, behind);
  const [print] = [...printsOf(args[key])].filter(([printed]) => text.slice(behind, end).includes(printed));
  if (end < 0 || !print) return undefined;
  const value = text.indexOf(print[0], behind);
  const to = end + body.valueClose.length;
  return { open: text.slice(from, at), behindKey: text.slice(behind, value), behind: text.slice(value + print[0].length, to), to, literal: print[1], key };
}

/** What stands around each argument, by its kind; white space beside what is in lines is left to the grammar. */
function taggedIn(text: string, name: Slot, body: TaggedBody, args: Arguments): Region | undefined {
  const opening = text.indexOf(body.key.open, name.to);
  if (opening < 0) return undefined;
  const tags: Tag[] = [];
  let between = '';
  for (let at = opening; tags.length < Object.keys(args).length; ) {
    const tag = tagAt(text, at, body, args);
    if (!tag) return undefined;
    tags.push(tag);
    at = text.indexOf(body.key.open, tag.to);
    if (tags.length < Object.keys(args).length) between = text.slice(tag.to, at);
  }
  const last = tags.at(-1) as Tag;
  const of = (what: 'behindKey' | 'behind'): Apart['behind'] => {
    const one = (kind: ProbeType): string => {
      const tag = tags.find(({ key }) => probeType(key) === kind) ?? last;
      return !body.lines ? tag[what] : what === 'behind' ? tag.behind.replace(/^\n/, '') : tag.behindKey.replace(/\n$/, '');
    };
    return kinds.map(one) as unknown as Apart['behind'];
  };
  const behindKey = of('behindKey');
  const apart: Apart = {
    first: text.slice(name.to, opening),
    none: '',
    open: last.open,
    behindKey,
    behind: of('behind'),
    between,
    raw: true,
    close: body.valueClose,
    told: behindKey[0] !== behindKey[1],
    lines: body.lines === true,
    literals: tags.some(({ literal }) => literal),
  };
  const sorted = isSorted(
    tags.map(({ key }) => key),
    args,
  );
  return { name, args: { from: name.to, to: last.to }, inLines: false, writing: { values: 'json', sorted, apart } };
}
