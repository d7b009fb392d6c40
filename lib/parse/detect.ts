// Which formats a template's model writes, told by what the template itself prints of calls and reasoning.
import type { Message } from '../template';
import { bareJson, barePython, envelopes } from './families/envelopes';
import { named } from './families/named';
import { reasonings, think, wraps } from './families/reasoning';
import { tags } from './families/tags';
import type { CallFormat, OutputFormat } from './format';
import { begunBy, probe, type Asking } from './probe';
import { callShapes, shaped, type CallShape } from './shape';

const all: readonly CallFormat[] = [...named, ...tags, ...envelopes];

const tool = probe.name;

/** What a template prints behind the question, of an answer that reasons and calls. */
interface Printed {
  readonly answer: string;
  readonly shape: CallShape;
  /** Without what the prompt begins of it. */
  readonly begun: string;
}

const answers = callShapes.map((shape) => {
  const call = { id: probe.ids[0], type: 'function' as const, function: { name: tool, arguments: { probe_key: probe.args.probe_key } } };
  return shaped({ role: 'assistant', content: '', reasoning_content: probe.reasoning, tool_calls: [call] }, shape);
});

function* print(): Asking<Printed | undefined> {
  const question: Message = { role: 'user', content: probe.question };
  for (const [i, answer] of answers.entries()) {
    try {
      const whole = yield { messages: [question, answer], begin: false };
      const at = whole.lastIndexOf(probe.question);
      if (at < 0 || !whole.includes(tool, at) || whole.includes("{'probe_key'", at)) continue;
      const prompt = yield { messages: [question], begin: true };
      return { shape: callShapes[i] as CallShape, answer: whole.slice(at + probe.question.length), begun: whole.slice(begunBy(whole, prompt)) };
    } catch {
      // it wants another shape, or takes no calls
    }
  }
  return undefined;
}

/**
 * Finds the formats of a template, told what the template makes of conversations. Of one that prints no calls: those that it tells its model of, or all whose
 * markers no prose has.
 */
export function* formatOf(source: string): Asking<OutputFormat> {
  const printed = yield* print();
  const text = printed?.answer ?? source;
  const shape = printed && { callShape: printed.shape };
  if (source.includes('<|channel|>') && source.includes('<|message|>')) return { calls: [], reasoning: [], wraps: [], channels: true, ...shape };
  return {
    calls: printed ? printedCalls(printed, source) : toldCalls(source),
    reasoning: reasonings.filter((r) => r === think || (r.printed ? text : source).includes(r.open)),
    ...shape,
    wraps: wraps.filter(([open]) => source.includes(open)),
  };
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
