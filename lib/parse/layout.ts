// How a template's model writes whole calls: cut out of what the template prints of one call, of one without arguments, and of several.
import { callShapes, shaped, type CallShape } from './shape';
import type { Message } from '../template';
import { channelCall } from './channels';
import { toolCall } from './families/envelopes';
import { reasonings } from './families/reasoning';
import type { Around, Body, CallFormat, CallLayout, OutputFormat } from './format';
import type { ParsedOutput } from './parts';
import { begunBy, probe, type Asking } from './probe';
import { pythonWriting, regionIn, type Arguments, type Region } from './regions';

/** Reads an output behind a prompt: what a layout makes is read back before it is believed. */
type Read = (output: string, prompt: string) => ParsedOutput;

/** Ids of calls: as most models have them, and as Kimi counts them. */
const idStyles: readonly ((i: number) => string)[] = [(i) => probe.ids[i] as string, (i) => `functions.${probe.name}:${i}`];
const argumentsTried: readonly Arguments[] = [probe.args, { probe_key: probe.args.probe_key }];

type Written = NonNullable<CallLayout['writing']>;

/** What a template prints behind the question, and where the calls stand in it. */
interface Printed {
  readonly text: string;
  readonly regions: readonly Region[];
  /** Where what the model writes may begin. */
  readonly starts: readonly number[];
}

class Learner {
  readonly #bodies: readonly Body[];

  constructor(
    private readonly format: OutputFormat,
    private readonly shape: CallShape,
    private readonly read: Read,
    private readonly idOf: (i: number) => string,
    private readonly args: Arguments,
  ) {
    this.#bodies = format.channels ? [] : format.calls.flatMap((f) => f.bodies);
  }

  *layout(): Asking<CallLayout | undefined> {
    const single = yield* this.#print([this.args]);
    const [region] = single?.regions ?? [];
    if (!single || !region) return undefined;
    const answer = yield* this.#whole({ role: 'assistant', content: probe.text });
    const said = answer?.lastIndexOf(probe.text) ?? -1;
    const turnEnd = answer === undefined || said < 0 ? '' : answer.slice(said + probe.text.length);
    const prompt = this.format.channels || this.format.calls.some((f) => f.textName !== undefined) ? yield* this.#prompt() : '';
    const cut = this.#cut(single, turnEnd, prompt);
    if (!cut) return undefined;
    const [start, end] = cut;
    const before = single.text.slice(start, firstOf(region));
    const pair = yield* this.#print([this.args, this.args]);
    const triple = pair && (yield* this.#print([this.args, this.args, this.args]));
    const several = pair && (this.#several(before, turnEnd, prompt, triple) ?? this.#several(before, turnEnd, prompt, pair));
    const betweens = [single, ...(several ? [pair] : [])].flatMap(betweenOf);
    const inside = this.#around(betweens);
    if (!inside) return undefined;
    const after = single.text.slice(lastOf(region), end);
    const lead = this.format.channels ? '' : (/^\s*/.exec(before)?.[0] ?? '');
    const writing = region.writing && (yield* this.#withNone(region.writing, before, after));
    if (region.writing && !writing) return undefined;
    return {
      lead,
      before: (several && triple && this.#counted(before.slice(lead.length), triple)) ?? (this.#around([before.slice(lead.length)]) as Around),
      between: inside,
      after: this.#around([after.trimEnd()]) as Around,
      argumentsFirst: region.args.from < region.name.from,
      several,
      ...(writing && { writing }),
      inLines: region.inLines,
    };
  }

  *#whole(answer: Message): Asking<string | undefined> {
    try {
      return yield { messages: [question, shaped(answer, this.shape)], begin: false, keys: Object.keys(this.args) };
    } catch {
      return undefined;
    }
  }

  *#prompt(): Asking<string> {
    try {
      return yield { messages: [question], begin: true, keys: Object.keys(this.args) };
    } catch {
      return '';
    }
  }

  *#print(calls: readonly Arguments[]): Asking<Printed | undefined> {
    const called = calls.map((args, i) => ({ id: this.idOf(i), type: 'function' as const, function: { name: probe.name, arguments: args } }));
    const whole = yield* this.#whole({ role: 'assistant', content: '', tool_calls: called });
    const asked = whole?.lastIndexOf(probe.question) ?? -1;
    if (whole === undefined || asked < 0) return undefined;
    const begun = begunBy(whole, yield* this.#prompt());
    const regions: Region[] = [];
    for (let at = asked + probe.question.length; regions.length < calls.length; ) {
      const region = regionIn(whole, at, this.#bodies, calls[regions.length] as Arguments);
      if (!region) return undefined;
      regions.push(region);
      at = lastOf(region);
    }
    return { text: whole, regions, starts: this.#starts(whole, begun, firstOf(regions[0] as Region)) };
  }

  /** Behind the prompt, and any reasoning; or where a marker of calls stands. */
  #starts(whole: string, begun: number, first: number): readonly number[] {
    const closes = reasonings.flatMap((r) => r.close).map((close) => ({ at: whole.lastIndexOf(close, first), close }));
    const behind = closes.filter(({ at }) => at >= 0).map(({ at, close }) => at + close.length);
    const opens = this.format.calls.flatMap((f) => f.open).map((open) => whole.lastIndexOf(open, first));
    const spaced = opens.filter((at) => at >= 0).map((at) => whole.slice(0, at).trimEnd().length); // space in front of it may be the model's
    const all = [Math.max(begun, ...behind), begun, ...spaced].filter((at) => at >= 0 && at <= first);
    return [...new Set(all)];
  }

  /** Where what the model writes begins and ends, so that it is read back as the calls that it is. */
  #cut({ text, regions, starts }: Printed, turnEnd: string, prompt: string): readonly [from: number, to: number] | undefined {
    const last = lastOf(regions.at(-1) as Region);
    const tail = text.slice(last);
    const closes = [...this.format.calls.flatMap((f) => f.close), ...this.#bodies.flatMap((body) => ('close' in body ? body.close : []))];
    const closed = Math.max(0, ...closes.filter((close) => tail.includes(close)).map((close) => tail.lastIndexOf(close) + close.length));
    const first = Math.min(...closes.filter((close) => tail.includes(close)).map((close) => tail.indexOf(close) + close.length), closed);
    const ended = turnEnd !== '' && tail.endsWith(turnEnd) ? tail.length - turnEnd.length : tail.length;
    for (const from of starts) {
      for (const length of [ended, closed, first]) {
        const { content, toolCalls, problems } = this.read(text.slice(from, last + length), prompt);
        const right = toolCalls.length === regions.length && toolCalls.every((call) => sameAs(call.arguments, this.args) && call.name === probe.name);
        if (right && content === '' && problems.length === 0) return [from, last + text.slice(last, last + length).trimEnd().length];
      }
    }
    return undefined;
  }

  #several(before: string, turnEnd: string, prompt: string, printed: Printed | undefined): CallLayout['several'] {
    const cut = printed && this.#cut(printed, turnEnd, prompt);
    if (!cut) return undefined;
    const { text, regions } = printed;
    const betweens = regions.slice(1).map((region, i) => between(text, regions[i], region));
    if (this.#spelt(text.slice(cut[0], firstOf(regions[0] as Region))) !== this.#spelt(before)) return undefined;
    const next = this.#around(betweens);
    const after = this.#around([text.slice(lastOf(regions.at(-1) as Region), cut[1])]);
    return next && after && { between: next, after };
  }

  /** What stands in front of the first call, where the next ones have numbers in the same place. */
  #counted(before: string, { text, regions: [one, two, three] }: Printed): Around | undefined {
    const own = this.#spelt(before).split(/(\d+)/);
    const [first, second] = [between(text, one, two), between(text, two, three)].map((each) => this.#spelt(each).split(/(\d+)/)) as [string[], string[]];
    for (let back = 2; back <= Math.min(own.length, first.length); back += 2) {
      if (own.at(-back + 1) !== first.at(-back + 1)) return undefined;
      if (first.at(-back) === second.at(-back)) continue;
      const tail = own.slice(-back + 1).join('');
      return joined([...(this.#around([own.slice(0, -back).join('')]) ?? []), { pattern: count }, ...(this.#around([tail]) ?? [])]);
    }
    return undefined;
  }

  /** With what stands in place of arguments where there are none, so that it is read as a call. */
  *#withNone(writing: Written, before: string, after: string): Asking<Written | undefined> {
    const { apart } = writing;
    if (!apart || writing === pythonWriting) return writing;
    const none = [yield* this.#none(after), apart.first.trimEnd(), apart.first].find((text) => {
      const { content, toolCalls, problems } = this.read(before + probe.name + text + after, '');
      return text !== undefined && content === '' && problems.length === 0 && toolCalls.length === 1 && sameAs(toolCalls[0]?.arguments ?? {}, {});
    });
    return none === undefined ? undefined : { ...writing, apart: { ...apart, none } };
  }

  /** The same as it is printed. */
  *#none(after: string): Asking<string | undefined> {
    const whole = yield* this.#whole({
      role: 'assistant',
      content: '',
      tool_calls: [{ id: this.idOf(0), type: 'function', function: { name: probe.name, arguments: {} } }],
    });
    const asked = whole?.lastIndexOf(probe.question) ?? -1;
    const name = whole === undefined || asked < 0 ? -1 : whole.indexOf(probe.name, asked);
    if (whole === undefined || name < 0) return undefined;
    const rest = whole.slice(name + probe.name.length);
    const end = rest.indexOf(after);
    return end < 0 ? undefined : rest.slice(0, end);
  }

  /** A text with marks where the id of a call stands. */
  #spelt(text: string): string {
    const ids = [0, 1, 2].map((i) => this.idOf(i)).filter((id) => !id.includes(probe.name));
    return ids.reduce((made, id) => made.replaceAll(id, idMark), text);
  }

  /** Texts of the same place: where they differ by numbers alone, the model is free to count. */
  #around(texts: readonly string[]): Around | undefined {
    const cut = texts.map((text) => this.#spelt(text).split(/(\d+)/));
    const [first = []] = cut;
    if (cut.some((pieces) => pieces.length !== first.length)) return undefined;
    const made: (string | { readonly pattern: string })[] = [];
    for (const [i, piece] of first.entries()) {
      const same = cut.every((pieces) => pieces[i] === piece);
      if (!same && i % 2 === 0) return undefined;
      if (!same) made.push({ pattern: count });
      else for (const [k, part] of piece.split(idMark).entries()) made.push(...(k > 0 ? [{ pattern: '[a-zA-Z0-9]{9}' }] : []), part);
    }
    return joined(made);
  }
}

const idMark = '\ue000';
const count = '[0-9]{1,3}';
const between = (text: string, a: Region | undefined, b: Region | undefined): string => (a && b ? text.slice(lastOf(a), firstOf(b)) : '');
const question: Message = { role: 'user', content: probe.question };
const firstOf = ({ name, args }: Region): number => Math.min(name.from, args.from);
const lastOf = ({ name, args }: Region): number => Math.max(name.to, args.to);
const sameAs = (a: Arguments, b: Arguments): boolean => JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort());

const betweenOf = ({ text, regions }: Printed): string[] =>
  regions.map(({ name, args }) => (args.from < name.from ? text.slice(args.to, name.from) : text.slice(name.to, args.from)));

function joined(parts: Around): Around {
  const made: (string | { readonly pattern: string })[] = [];
  for (const part of parts) {
    const last = made.at(-1);
    if (typeof part === 'string' && typeof last === 'string') made[made.length - 1] = last + part;
    else if (part !== '') made.push(part);
  }
  return made;
}

/** Lists of calls, as a format's data has them. */
function listed({ open: [marker = ''], bodies, list }: CallFormat): readonly CallLayout[] {
  if (!list) return [];
  const isPython = bodies[0]?.kind === 'python';
  const [before, between, after] = isPython ? ['', '', ')'] : ['{"name": "', '", "arguments": ', '}'];
  const opening = marker.trimStart();
  return [
    {
      lead: marker.slice(0, marker.length - opening.length),
      before: [opening + list.open + before],
      between: between === '' ? [] : [between],
      after: [after + list.close],
      several: { between: [after + list.between + before], after: [after + list.close] },
      ...(isPython && { writing: pythonWriting }),
    },
  ];
}

/** The ways in which a template's model writes calls; none where that is not known. */
export function* layoutsOf(format: OutputFormat, read: Read): Asking<readonly CallLayout[]> {
  const { before, between, after } = channelCall;
  const own: readonly CallLayout[] = format.channels ? [{ lead: '', before: [before], between: [between], after: [after] }] : [];
  for (const idOf of idStyles) {
    for (const args of argumentsTried) {
      for (const shape of format.callShape ? [format.callShape] : callShapes) {
        const learnt = yield* new Learner(format, shape, read, idOf, args).layout();
        if (learnt) return [...own, learnt];
      }
    }
  }
  if (own.length > 0 || format.callShape) return own;
  const told = format.calls.some((f) => f.bare !== undefined)
    ? [toolCall]
    : format.calls.filter((f) => f.list && (f !== toolCall || format.calls.length === 1));
  return told.slice(0, 1).flatMap(listed);
}
