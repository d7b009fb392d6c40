// Which formats a template's model writes, told by what the template itself prints of calls and reasoning.
import { ChatTemplate, type Message } from '../template';
import { bareJson, barePython, envelopes } from './families/envelopes';
import { named } from './families/named';
import { reasonings, think, wraps } from './families/reasoning';
import { tags } from './families/tags';
import type { CallFormat, CallText, OutputFormat } from './format';
import { shaped, type CallShape } from './shape';

const all: readonly CallFormat[] = [...named, ...tags, ...envelopes];

const asked = 'Probe question?';
const tool = 'probe_tool';
const callId = 'abcdefgh9';
const reasoned = 'Probe reasoning.';
const probe = {
  type: 'function',
  function: {
    name: tool,
    description: 'Probe.',
    parameters: { type: 'object', properties: { probe_key: { type: 'string', description: 'Probe.' } }, required: ['probe_key'] },
  },
};

interface Conversation {
  readonly messages: readonly Message[];
  readonly begin: boolean;
}

/** What a template prints behind the question, of an answer that reasons and calls. */
interface Printed {
  readonly answer: string;
  readonly shape: CallShape;
  /** Without what the prompt begins of it. */
  readonly begun: string;
}

/** The ways in which templates take a call. */
const shapes: readonly CallShape[] = [
  { asText: false, noContent: false },
  { asText: false, noContent: true },
  { asText: true, noContent: false },
  { asText: true, noContent: true },
];

const answers = shapes.map((shape) => {
  const call = { id: callId, type: 'function' as const, function: { name: tool, arguments: { probe_key: 'probe value' } } };
  return shaped({ role: 'assistant', content: '', reasoning_content: reasoned, tool_calls: [call] }, shape);
});

function* print(): Generator<Conversation, Printed | undefined, string> {
  const question: Message = { role: 'user', content: asked };
  for (const [i, answer] of answers.entries()) {
    try {
      const whole = yield { messages: [question, answer], begin: false };
      const at = whole.lastIndexOf(asked);
      if (at < 0 || !whole.includes(tool, at) || whole.includes("{'probe_key'", at)) continue;
      const prompt = yield { messages: [question], begin: true };
      return { shape: shapes[i] as CallShape, answer: whole.slice(at + asked.length), begun: begunBy(whole, prompt) };
    } catch {
      // it wants another shape, or takes no calls
    }
  }
  return undefined;
}

/** What of a whole conversation the model writes: what stands behind the prompt, as far as the two are equal. */
function begunBy(whole: string, prompt: string): string {
  let same = 0;
  while (same < prompt.length && whole[same] === prompt[same]) same++;
  return whole.slice(same);
}

/** What may stand around the name and the arguments of the one call, where those are JSON and nothing else has to be written. */
function callTexts({ answer, begun }: Printed): readonly CallText[] {
  const opens = all.flatMap((f) => f.open).filter((open) => answer.includes(open));
  return [begun, ...opens.map((open) => answer.slice(answer.lastIndexOf(open)))].flatMap((text) => {
    const args = /\{\s*"probe_key":\s*"probe value"\s*\}/.exec(text);
    const name = args ? text.lastIndexOf(tool, args.index) : -1;
    if (!args || name < 0 || text.includes(callId)) return [];
    const thought = text.lastIndexOf(reasoned, name);
    const close = reasonings.flatMap((r) => r.close).find((mark) => text.slice(thought, name).includes(mark)) ?? reasoned;
    const from = thought < 0 ? 0 : text.indexOf(close, thought) + close.length;
    return [[text.slice(from, name).trimStart(), text.slice(name + tool.length, args.index), text.slice(args.index + args[0].length).trimEnd()] as const];
  });
}

/** Finds the formats of a template. It asks for what the template makes of conversations. */
function* finding(source: string): Generator<Conversation, OutputFormat, string> {
  const printed = yield* print();
  const text = printed?.answer ?? source;
  const shape = printed && { callShape: printed.shape, callTexts: callTexts(printed) };
  if (source.includes('<|channel|>') && source.includes('<|message|>')) return { calls: [], reasoning: [], wraps: [], channels: true, ...shape };
  return {
    calls: printed ? printedCalls(printed, source) : toldCalls(source),
    reasoning: reasonings.filter((r) => r === think || (r.printed ? text : source).includes(r.open)),
    ...shape,
    wraps: wraps.filter(([open]) => source.includes(open)),
  };
}

const variablesOf = (begin: boolean): Record<string, unknown> => ({ tools: [probe], add_generation_prompt: begin });
const settings = { now: new Date(0), lenient: true };
const textOf = (segments: readonly { readonly text: string }[]): string => segments.map(({ text }) => text).join('');

/** Finds the formats of a template. Of one that prints no calls: those that it tells its model of, or all whose markers no prose has. */
export function detect(source: string): OutputFormat {
  const template = new ChatTemplate(source, plain);
  const steps = finding(source);
  let step = steps.next('');
  while (!step.done) {
    const { messages, begin } = step.value;
    let text: string;
    try {
      text = textOf(template.render(messages, variablesOf(begin), settings));
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(text);
  }
  return step.value;
}

/** The same, while the event loop goes on. */
export async function detectInSlices(source: string): Promise<OutputFormat> {
  const template = new ChatTemplate(source, plain);
  const steps = finding(source);
  let step = steps.next('');
  while (!step.done) {
    const { messages, begin } = step.value;
    let text: string;
    try {
      text = textOf(await template.renderInSlices(messages, variablesOf(begin), settings));
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(text);
  }
  return step.value;
}

function toldCalls(source: string): readonly CallFormat[] {
  const told = all.filter((f) => f.open.some((open) => source.includes(open)) || f.signs?.some((sign) => source.includes(sign)));
  return told.length > 0 ? told : [...all.filter((f) => !f.quiet), bareJson];
}

function printedCalls({ answer, begun }: Printed, source: string): readonly CallFormat[] {
  const found = all.filter((f) => f.open.some((open) => answer.includes(open.trimStart())));
  if (found.length > 0) return found;
  const unknown = derived(begun);
  if (unknown) return [unknown];
  const bare = /\[\s*$/.test(answer.slice(0, answer.indexOf(tool))) ? barePython : bareJson;
  return [...all.filter((f) => f.open.some((open) => open.startsWith('<|python') && source.includes(open))), bare];
}

const marker = '<[^<>\\s]{1,60}>|\\[/?[A-Z_]{3,60}\\]';
const before = new RegExp(`(${marker})\\s*(?:\\[\\s*)?(?:\\{\\s*"\\w+":\\s*"|\\{\\s*")?${tool}`);
const behind = new RegExp(`probe value\\W*?(${marker})`);

/** The markers around calls as a template that nobody knows prints them: JSON or Python's calls between two. */
function derived(begun: string): CallFormat | undefined {
  const open = before.exec(begun)?.[1];
  const close = behind.exec(begun)?.[1];
  if (open === undefined) return undefined;
  return { open: [open], bodies: [{ kind: 'json' }, { kind: 'python' }], close: close === undefined ? [] : [close] };
}

const plain = { size: 0, begin: -1, end: -1, beginText: '', endText: '', addsBegin: false, addsEnd: false, controls: [] };
