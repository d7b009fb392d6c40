// Conversations as a file of JSON, and back. What a file says is believed field by field.
import { newId, plainSettings, type Answer, type AnswerState, type Call, type Conversation, type Node, type Settings, type TokenChance } from './types';

const format = 'llama-ts conversations';

/** The file's text. */
export const exported = (conversations: readonly Conversation[]): string => JSON.stringify({ format, version: 1, conversations }, null, 1);

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields | undefined => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined);
const text = (value: unknown, fallback = ''): string => (typeof value === 'string' ? value : fallback);
const number = (value: unknown, fallback = 0): number => (typeof value === 'number' && Number.isFinite(value) ? value : fallback);
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const texts = (value: unknown): string[] => list(value).filter((each) => typeof each === 'string');

const states: readonly AnswerState[] = ['done', 'length', 'stopped', 'failed', 'cut'];

const callOf = (value: unknown): Call[] => {
  const { id, name, arguments: given } = fields(value) ?? {};
  return typeof name === 'string' ? [{ id: text(id), name, arguments: text(given) }] : [];
};

const chanceOf = (value: unknown): TokenChance[] => {
  const { text: said, logprob, top } = fields(value) ?? {};
  if (typeof said !== 'string' || typeof logprob !== 'number') return [];
  const others = list(top).flatMap((each) => {
    const of = fields(each);
    return typeof of?.text === 'string' && typeof of.logprob === 'number' ? [{ text: of.text, logprob: of.logprob }] : [];
  });
  return [{ text: said, logprob, top: others }];
};

function timingsOf(value: unknown): Pick<Answer, 'timings'> {
  const of = fields(value);
  if (!of) return {};
  return {
    timings: {
      promptTokens: number(of.promptTokens),
      cachedTokens: number(of.cachedTokens),
      promptMs: number(of.promptMs),
      tokens: number(of.tokens),
      ms: number(of.ms),
    },
  };
}

function nodeOf(value: unknown, known: ReadonlySet<string>): Node | undefined {
  const of = fields(value);
  if (!of || typeof of.id !== 'string' || of.id === '' || known.has(of.id)) return undefined;
  const parent = of.parent === null ? null : text(of.parent);
  if (parent !== null && !known.has(parent)) return undefined;
  const turn = { id: of.id, parent, at: number(of.at), text: text(of.text) };
  if (of.role === 'user') return { ...turn, role: 'user' };
  if (of.role === 'tool') return { ...turn, role: 'tool', call: text(of.call), name: text(of.name) };
  if (of.role !== 'assistant') return undefined;
  const chances = list(of.chances).flatMap(chanceOf);
  const rates = list(of.rates).filter((each) => typeof each === 'number');
  return {
    ...turn,
    role: 'assistant',
    state: states.find((state) => state === of.state) ?? 'cut',
    reasoning: text(of.reasoning),
    calls: list(of.calls).flatMap(callOf),
    model: text(of.model),
    ...(of.bound === true && { bound: true }),
    ...timingsOf(of.timings),
    ...(chances.length > 0 && { chances }),
    ...(rates.length > 0 && { rates }),
  };
}

const toggled = (value: unknown): { on: boolean; text: string } => {
  const of = fields(value);
  return { on: of?.on === true, text: text(of?.text) };
};

/** Settings as they may be anywhere: what is missing or no good is as usual. */
export function settingsFrom(value: unknown): Settings {
  const of = fields(value) ?? {};
  const parameters = Object.entries(fields(of.parameters) ?? {}).filter(([, each]) => typeof each === 'number' || typeof each === 'boolean');
  return {
    ...plainSettings,
    system: text(of.system),
    parameters: Object.fromEntries(parameters) as Settings['parameters'],
    stop: texts(of.stop),
    answers: Math.min(Math.max(Math.trunc(number(of.answers, 1)), 1), 8),
    chances: of.chances === true,
    schema: toggled(of.schema),
    tools: { ...toggled(of.tools), server: fields(of.tools)?.server === true, unasked: fields(of.tools)?.unasked === true },
  };
}

/** A conversation of anything; undefined: it is none. */
export function conversationFrom(value: unknown): Conversation | undefined {
  const of = fields(value);
  if (!of || !Array.isArray(of.nodes)) return undefined;
  const known = new Set<string>();
  const nodes: Node[] = [];
  for (const each of of.nodes) {
    const node = nodeOf(each, known);
    if (!node) continue;
    known.add(node.id);
    nodes.push(node);
  }
  const chosen = Object.entries(fields(of.chosen) ?? {}).filter(
    ([parent, child]) => typeof child === 'string' && known.has(child) && (parent === '' || known.has(parent)),
  );
  return {
    id: text(of.id) || newId(),
    title: text(of.title).slice(0, 200),
    named: of.named === true,
    created: number(of.created),
    updated: number(of.updated),
    model: text(of.model),
    settings: settingsFrom(of.settings),
    nodes,
    chosen: Object.fromEntries(chosen) as Conversation['chosen'],
  };
}

/** The conversations of a file. Throws where it is none of ours. */
export function imported(file: string): readonly Conversation[] {
  const of = fields(JSON.parse(file));
  if (of?.format !== format || of.version !== 1 || !Array.isArray(of.conversations)) throw new SyntaxError('not a file of conversations');
  return of.conversations.map(conversationFrom).filter((each) => each !== undefined);
}
