// Messages on the wire of Anthropic's API, as the engine takes them.
import * as v from 'valibot';

import type { MessageInput } from '../../index';
import { wrong } from '../failure';
import { maybe, object, someOf } from '../wire';

const unread = (kind: string) => v.looseObject({ type: v.literal(kind) });

const text = v.object({ type: v.literal('text'), text: v.string() });

const results = maybe(v.union([v.string(), someOf(v.variant('type', [text, unread('image'), unread('document'), unread('search_result')]), 10_000)]));

const block = v.variant('type', [
  text,
  v.object({ type: v.literal('thinking'), thinking: v.string(), signature: maybe(v.string()) }),
  v.object({ type: v.literal('redacted_thinking'), data: maybe(v.string()) }),
  v.object({ type: v.literal('tool_use'), id: v.string(), name: v.string(), input: object }),
  v.object({ type: v.literal('tool_result'), tool_use_id: v.string(), content: results, is_error: maybe(v.boolean()) }),
  unread('image'),
  unread('document'),
]);

const blocks = v.union([v.string(), someOf(block, 10_000)], 'Expected a string or an array of blocks');

/** A conversation. */
export const anthropicMessages = v.pipe(someOf(v.object({ role: v.picklist(['user', 'assistant', 'system']), content: blocks })), v.minLength(1));

/** What the model is told before. */
export const systemText = maybe(v.union([v.string(), someOf(text, 10_000)], 'Expected a string or an array of text blocks'));

type Given = v.InferOutput<typeof anthropicMessages>[number];
type Blocks = Exclude<Given['content'], string>;
type Kind<T extends string> = Extract<Blocks[number], { type: T }>;

const unreadable = (at: string, type: string): Error => wrong(at, `this model reads text alone, found a block of type ${type}`, 'unsupported');

function resultText(content: v.InferOutput<typeof results>, at: string): string {
  if (content === null || content === undefined) return '';
  if (typeof content === 'string') return content;
  return content
    .map((each, i) => {
      if ('text' in each) return each.text as string;
      throw unreadable(`${at}[${i}]`, each.type);
    })
    .join('\n');
}

function assistant(given: Blocks, at: string): MessageInput {
  let [said, thought] = ['', ''];
  const calls: NonNullable<MessageInput['tool_calls']>[number][] = [];
  given.forEach((each, i) => {
    if (each.type === 'text') said += (each as Kind<'text'>).text;
    else if (each.type === 'thinking') thought += (each as Kind<'thinking'>).thinking;
    else if (each.type === 'tool_use') {
      const { id, name, input } = each as Kind<'tool_use'>;
      calls.push({ id, type: 'function', function: { name, arguments: input } });
    } else if (each.type !== 'redacted_thinking') throw unreadable(`${at}[${i}]`, each.type);
  });
  return { role: 'assistant', content: said, ...(thought !== '' && { reasoning_content: thought }), ...(calls.length > 0 && { tool_calls: calls }) };
}

/** A user's blocks: results of tools are messages of their own, in front of what is said besides. */
function user(given: Blocks, at: string, names: ReadonlyMap<string, string>): MessageInput[] {
  const answers: MessageInput[] = [];
  let said = '';
  given.forEach((each, i) => {
    if (each.type === 'text') said += (each as Kind<'text'>).text;
    else if (each.type === 'tool_result') {
      const { tool_use_id: id, content, is_error: failed } = each as Kind<'tool_result'>;
      const told = resultText(content, `${at}[${i}].content`);
      const name = names.get(id);
      answers.push({ role: 'tool', content: failed === true ? `Error: ${told}` : told, tool_call_id: id, ...(name !== undefined && { name }) });
    } else throw unreadable(`${at}[${i}]`, each.type);
  });
  return said === '' && answers.length > 0 ? answers : [...answers, { role: 'user', content: said }];
}

/** The engine's messages. */
export function conversationOf(system: v.InferOutput<typeof systemText>, given: readonly Given[]): MessageInput[] {
  const told = typeof system === 'string' ? system : (system ?? []).map((each) => each.text).join('\n\n');
  const names = new Map<string, string>(); // of calls
  const messages: MessageInput[] = told === '' ? [] : [{ role: 'system', content: told }];
  given.forEach(({ role, content }, i) => {
    const at = `messages[${i}].content`;
    if (typeof content === 'string') return void messages.push({ role, content });
    if (role !== 'assistant') return void messages.push(...user(content, at, names));
    for (const each of content) if (each.type === 'tool_use') names.set((each as Kind<'tool_use'>).id, (each as Kind<'tool_use'>).name);
    messages.push(assistant(content, at));
  });
  return messages;
}
