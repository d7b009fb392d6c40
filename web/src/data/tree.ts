// Conversations as trees: what follows what, and which branch is shown. Nothing here changes what it is given.
import { newId, type Answer, type Conversation, type Node, type Question, type Settings, type ToolResult } from './types';

const key = (parent: string | null): string => parent ?? '';

/** An empty conversation. */
export const newConversation = (model: string, settings: Settings, now = Date.now()): Conversation => ({
  id: newId(),
  title: '',
  named: false,
  created: now,
  updated: now,
  model,
  settings,
  nodes: [],
  chosen: {},
});

/** What follows a node, or begins the conversation. */
export const childrenOf = ({ nodes }: Conversation, parent: string | null): readonly Node[] => nodes.filter((node) => node.parent === parent);

export const nodeOf = ({ nodes }: Conversation, id: string): Node | undefined => nodes.find((node) => node.id === id);

/** The nodes that are shown, from the first to the last. */
export function branch(of: Conversation): readonly Node[] {
  const byParent = new Map<string, Node[]>();
  for (const node of of.nodes) {
    const at = key(node.parent);
    byParent.set(at, [...(byParent.get(at) ?? []), node]);
  }
  const shown: Node[] = [];
  for (let at = ''; ; ) {
    const following = byParent.get(at);
    if (!following) return shown;
    const next = following.find(({ id }) => id === of.chosen[at]) ?? (following.at(-1) as Node);
    shown.push(next);
    at = next.id;
  }
}

/** The nodes from the beginning to this one. */
export function pathTo(of: Conversation, id: string | null): readonly Node[] {
  const byId = new Map(of.nodes.map((node) => [node.id, node]));
  const path: Node[] = [];
  for (let node = id === null ? undefined : byId.get(id); node; node = node.parent === null ? undefined : byId.get(node.parent)) path.unshift(node);
  return path;
}

/** A node among those that follow the same. */
export function siblings(of: Conversation, id: string): { readonly all: readonly Node[]; readonly index: number } {
  const node = nodeOf(of, id);
  const all = node ? childrenOf(of, node.parent) : [];
  return { all, index: all.findIndex((each) => each.id === id) };
}

/** Shows the branch that a node is in. */
export function choose(of: Conversation, id: string): Conversation {
  const path = pathTo(of, id);
  return { ...of, chosen: { ...of.chosen, ...Object.fromEntries(path.map((node) => [key(node.parent), node.id])) } };
}

/** Adds a node, and shows it. */
export const add = (of: Conversation, node: Node): Conversation => ({
  ...of,
  title: of.title === '' && node.role === 'user' ? titleOf(node.text) : of.title,
  updated: node.at,
  nodes: [...of.nodes, node],
  chosen: { ...of.chosen, [key(node.parent)]: node.id },
});

/** Puts a node in the place of the one of its id. */
export const replace = (of: Conversation, node: Node): Conversation => ({ ...of, nodes: of.nodes.map((each) => (each.id === node.id ? node : each)) });

/** Takes away a node and all that follows it. */
export function remove(of: Conversation, id: string): Conversation {
  const gone = new Set([id]);
  for (const node of of.nodes) if (node.parent !== null && gone.has(node.parent)) gone.add(node.id);
  const chosen = Object.entries(of.chosen).filter(([parent, child]) => !gone.has(parent) && !gone.has(child));
  return { ...of, nodes: of.nodes.filter((node) => !gone.has(node.id)), chosen: Object.fromEntries(chosen) };
}

const longestTitle = 60;

/** The beginning of a text, as a title. */
export function titleOf(text: string): string {
  const line = text.trim().replace(/\s+/g, ' ');
  if (line.length <= longestTitle) return line;
  const cut = line.slice(0, longestTitle);
  return `${cut.slice(0, Math.max(cut.lastIndexOf(' '), longestTitle / 2)).trimEnd()}…`;
}

export const question = (parent: string | null, text: string, at = Date.now()): Question => ({ id: newId(), parent, role: 'user', text, at });

export const toolResult = (parent: string, call: string, name: string, text: string, at = Date.now()): ToolResult => ({
  id: newId(),
  parent,
  role: 'tool',
  call,
  name,
  text,
  at,
});

/** An answer of which nothing has come yet. */
export const waiting = (parent: string, model: string, bound: boolean, at = Date.now()): Answer => ({
  id: newId(),
  parent,
  role: 'assistant',
  state: 'waiting',
  text: '',
  reasoning: '',
  calls: [],
  model,
  at,
  ...(bound && { bound }),
});

/** Answers that were being made when the page was closed are marked so. */
export const settled = (of: Conversation): Conversation =>
  of.nodes.some((node) => node.role === 'assistant' && (node.state === 'waiting' || node.state === 'running'))
    ? {
        ...of,
        nodes: of.nodes.map((node) =>
          node.role === 'assistant' && (node.state === 'waiting' || node.state === 'running') ? { ...node, state: 'cut' as const } : node,
        ),
      }
    : of;
