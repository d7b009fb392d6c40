// Which formats a template's model writes, told by what the template itself prints of calls and reasoning.
import { ChatTemplate } from '../template';
import { bareJson, barePython, envelopes } from './families/envelopes';
import { named } from './families/named';
import { reasonings, think, wraps } from './families/reasoning';
import { tags } from './families/tags';
import type { CallFormat, OutputFormat } from './format';

const all: readonly CallFormat[] = [...named, ...tags, ...envelopes];

const asked = 'Probe question?';
const tool = 'probe_tool';
const probe = {
  type: 'function',
  function: {
    name: tool,
    description: 'Probe.',
    parameters: { type: 'object', properties: { probe_key: { type: 'string', description: 'Probe.' } }, required: ['probe_key'] },
  },
};

/** What a template prints behind the question, of an answer that reasons and calls. */
interface Printed {
  readonly answer: string;
  /** Without what the prompt begins of it. */
  readonly begun: string;
}

/** The ways in which templates take a call. */
const shapes = [{ probe_key: 'probe value' }, JSON.stringify({ probe_key: 'probe value' })].flatMap((given) => {
  const call = { id: 'abcdefgh9', type: 'function', function: { name: tool, arguments: given } };
  return [
    { role: 'assistant', content: '', reasoning_content: 'Probe reasoning.', tool_calls: [call] },
    { role: 'assistant', content: null, tool_calls: [call] },
  ];
});

function print(template: ChatTemplate): Printed | undefined {
  const text = (messages: readonly object[], begin: boolean): string =>
    template
      .render(messages as never, { tools: [probe], add_generation_prompt: begin }, { now: new Date(0) })
      .map((segment) => segment.text)
      .join('');
  const question = { role: 'user', content: asked };
  for (const answer of shapes) {
    try {
      const whole = text([question, answer], false);
      const at = whole.lastIndexOf(asked);
      if (at < 0 || !whole.includes(tool, at)) continue;
      return { answer: whole.slice(at + asked.length), begun: begunBy(whole, text([question], true)) };
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

/** Finds the formats of a template. Of one that prints no calls: those that it tells its model of, or all whose markers no prose has. */
export function detect(source: string): OutputFormat {
  if (source.includes('<|channel|>') && source.includes('<|message|>')) return { calls: [], reasoning: [], wraps: [], channels: true };
  const printed = print(new ChatTemplate(source, plain));
  const text = printed?.answer ?? source;
  return {
    calls: printed ? printedCalls(printed, source) : toldCalls(source),
    reasoning: reasonings.filter((r) => r === think || (r.printed ? text : source).includes(r.open)),
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

const plain = { size: 0, begin: -1, end: -1, beginText: '', endText: '', addsBegin: false, addsEnd: false, controls: [] };
