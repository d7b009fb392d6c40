// Harmony, as gpt-oss writes it: messages with a header each, which names a channel and whom the message is for.
import { argumentsOf } from './bodies';
import { Markers, type Input, type Steps } from './input';
import type { Parts } from './parts';
import type { Tools } from './tools';
import { json } from './values';

/** How a call begins, behind the name of the tool, and ends; and how an answer's text begins. */
export const channelCall = { before: '<|channel|>commentary to=functions.', between: ' <|constrain|>json<|message|>', after: '<|call|>' };
export const channelText = '<|channel|>final<|message|>';
/** What may stand in front of either, behind another message. */
export const channelStart = '<|start|>assistant';
export const channelThought = { open: '<|channel|>analysis<|message|>', close: '<|end|>' };

const header = new Markers(['<|message|>']);
const ends = new Markers(['<|end|>', '<|call|>', '<|return|>', '<|start|>']);
const longestHeader = 300;
/** What ends a thought where the answer is text; where it may be a call, only what begins either. */
const thoughtEnd = channelThought.close + channelStart;

interface Header {
  readonly channel: string;
  readonly recipient: string | undefined;
}

/** What a header says; undefined where it is none. */
function headerOf(text: string): Header | undefined {
  const found = /^\s*(?:<\|start\|>)?\s*(?:assistant\b)?([^<]*)(?:<\|channel\|>\s*(\w+)([^<]*))?(?:<\|constrain\|>\s*[\w-]*\s*)?$/.exec(text);
  if (!found || !/to=|<\|channel\|>|assistant/.test(text)) return undefined;
  const recipient = /(?:^|\s)to=([^\s<]+)/.exec(`${found[1]} ${found[3] ?? ''}`)?.[1];
  return { channel: found[2] ?? '', recipient };
}

export class Channels {
  constructor(
    private readonly input: Input,
    private readonly parts: Parts,
    private readonly tools: Tools | undefined,
    private readonly reasons: (close: string | undefined) => void,
  ) {}

  /** `end`: the prompt's, which may hold the beginning of the first header, or all of it. */
  *read(end: string): Steps<void> {
    const begun = /<\|start\|>assistant([^\n]*)$/.exec(end)?.[1] ?? '';
    const before = begun.split('<|message|>');
    let first: Header | undefined = before.length > 1 ? headerOf(before[0] as string) : undefined;
    let prefix = before.length > 1 ? '' : begun;
    while (!this.input.over) {
      const head = first ?? (yield* this.#header(prefix));
      first = undefined;
      prefix = '';
      yield* this.#message(head);
      this.parts.markup();
    }
  }

  /** A header in front of a message; none where text stands here. */
  *#header(prefix: string): Steps<Header> {
    this.input.record();
    yield* this.input.skip();
    const space = this.input.recorded();
    const found = yield* this.input.head(header, longestHeader);
    const head = found && headerOf(prefix + space + found.head);
    if (head) return head;
    this.parts.text(space);
    if (found) this.input.back(found.head.length + found.marker.length);
    return { channel: 'final', recipient: undefined };
  }

  *#message({ channel, recipient }: Header): Steps<void> {
    this.parts.markup();
    if (recipient !== undefined && this.tools && recipient !== 'assistant' && recipient !== 'user') return yield* this.#call(recipient);
    const thought = channel === 'analysis';
    if (thought) this.reasons(this.tools ? thoughtEnd : thoughtEnd + channelText);
    yield* this.input.until(ends, thought ? this.parts.reasoning : this.parts.text);
    if (thought) this.reasons(undefined);
  }

  *#call(recipient: string): Steps<void> {
    const { input, parts } = this;
    const name = recipient.replace(/^functions\./, '');
    input.record(`to=${recipient}: `);
    const outcome = yield* argumentsOf({ input, parts, tools: this.tools as Tools, bare: false }, json, () => parts.begin(name));
    if (outcome === 'done') parts.end(true);
    const cut = input.over && outcome === 'broken';
    const rest: string[] = [];
    yield* input.until(ends, (piece) => rest.push(piece));
    const raw = input.recorded();
    if (outcome === 'broken') {
      parts.end(false);
      parts.problem(cut ? 'the output ended inside a call' : 'the arguments of a call cannot be read', raw);
    } else if (outcome === 'none') {
      parts.text(raw);
      parts.problem('what follows a header of a call is no call: given as text', raw);
    } else if (rest.join('').trim() !== '') {
      parts.problem('letters behind the arguments of a call', rest.join(''));
    }
  }
}
