// A template asked what it makes of conversations that it was not written for: what it prints tells how its model writes.
import { ChatTemplate, type Message } from '../template';

/** A conversation to be printed; `begin`: with the beginning of an answer; `keys`: of the arguments that the tool has. */
export interface Conversation {
  readonly messages: readonly Message[];
  readonly begin: boolean;
  readonly keys?: readonly string[];
}

/** What asks: it is told what each conversation looks like, and thrown into where the template does not take one. */
export type Asking<T> = Generator<Conversation, T, string>;

/** The tool that is offered and called. */
export const probe = {
  name: 'probe_tool',
  question: 'Probe question?',
  reasoning: 'Probe reasoning.',
  text: 'Probe text.',
  ids: ['abcdefgh9', 'abcdefgh8', 'abcdefgh7'],
  /** An argument of each kind; the first is the one that must be there. */
  args: {
    probe_key: 'probe value',
    probe_count: 4711,
    probe_flag: true,
    probe_void: null,
    probe_list: [4712],
    probe_map: { probe_in: 4713 },
  },
} as const;

const types = { probe_key: 'string', probe_count: 'integer', probe_flag: 'boolean', probe_void: 'null', probe_list: 'array', probe_map: 'object' } as const;
/** A kind of value. */
export type ProbeType = (typeof types)[keyof typeof types];
/** The kind of an argument. */
export const probeType = (key: string): ProbeType | undefined => (Object.hasOwn(types, key) ? types[key as keyof typeof types] : undefined);

const firstKey = ['probe_key'];

function toolWith(keys: readonly string[]): unknown {
  const properties = Object.fromEntries(keys.map((key) => [key, { type: probeType(key), description: 'Probe.' }]));
  return { type: 'function', function: { name: probe.name, description: 'Probe.', parameters: { type: 'object', properties, required: firstKey } } };
}

const plain = { size: 0, begin: -1, end: -1, beginText: '', endText: '', addsBegin: false, addsEnd: false, controls: [] };
const settings = { now: new Date(0), lenient: true };
const variablesOf = ({ begin, keys = firstKey }: Conversation): Record<string, unknown> => ({ tools: [toolWith(keys)], add_generation_prompt: begin });
const textOf = (segments: readonly { readonly text: string }[]): string => segments.map(({ text }) => text).join('');

/** What asking comes to. */
export function asked<T>(source: string, asking: Asking<T>): T {
  const template = new ChatTemplate(source, plain);
  let step = asking.next('');
  while (!step.done) {
    let text: string;
    try {
      text = textOf(template.render(step.value.messages, variablesOf(step.value), settings));
    } catch (error) {
      step = asking.throw(error);
      continue;
    }
    step = asking.next(text);
  }
  return step.value;
}

/** The same, while the event loop goes on. */
export async function askedInSlices<T>(source: string, asking: Asking<T>): Promise<T> {
  const template = new ChatTemplate(source, plain);
  let step = asking.next('');
  while (!step.done) {
    let text: string;
    try {
      text = textOf(await template.renderInSlices(step.value.messages, variablesOf(step.value), settings));
    } catch (error) {
      step = asking.throw(error);
      continue;
    }
    step = asking.next(text);
  }
  return step.value;
}

/** What of a whole conversation the model writes: what stands behind the prompt, as far as the two are equal. */
export function begunBy(whole: string, prompt: string): number {
  let same = 0;
  while (same < prompt.length && whole[same] === prompt[same]) same++;
  return same;
}
