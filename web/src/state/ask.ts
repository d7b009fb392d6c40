// Asking the server, and putting what it says where it belongs.
import { signal } from '@preact/signals';

import { bodyOf, reading, type Heard } from '../api/chat';
import { callTool, request } from '../api/client';
import { failureFrom } from '../api/failure';
import { Draft } from '../data/draft';
import { schemaOf, toolsOf, written } from '../data/json';
import { add, branch, childrenOf, nodeOf, pathTo, question, remove, replace, toolResult, waiting } from '../data/tree';
import type { Answer, Call, Conversation, Failure } from '../data/types';
import { address, change, find, saveAll, shown } from './conversations';
import { refresh, serverTools, troubled } from './server';
import { comparing } from './view';

/** What is being asked, by conversation. */
const running = signal<ReadonlyMap<string, AbortController>>(new Map());

let leaving = false; // the page is: requests that end now are not the server's fault
addEventListener('pagehide', () => (leaving = true));
addEventListener('pageshow', () => (leaving = false));

/** Whether an answer is being made in the conversation. */
export const isRunning = (id: string): boolean => running.value.has(id);

/** Ends the answer that is being made. */
export function stop(id = shown.value.id): void {
  running.value.get(id)?.abort();
}

const flushMs = 40; // as often as what came is shown

class Asking {
  readonly #drafts: readonly Draft[];
  #timer: ReturnType<typeof setTimeout> | undefined;
  begun = false;

  constructor(
    private readonly conversation: string,
    answers: readonly Answer[],
  ) {
    this.#drafts = answers.map((answer) => new Draft(answer));
  }

  heard(heard: Heard): void {
    this.begun = true;
    this.#drafts[heard.choice]?.heard(heard, performance.now());
    this.#timer ??= setTimeout(() => this.flush(), flushMs);
  }

  end(how: 'stopped' | Failure): void {
    for (const draft of this.#drafts) draft.end(how);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    change(this.conversation, (of) => this.#drafts.reduce((all, { answer }) => (nodeOf(all, answer.id) ? replace(all, answer) : all), of));
  }
}

function settle(id: string, controller: AbortController): void {
  if (running.value.get(id) !== controller) return;
  const rest = new Map(running.value);
  rest.delete(id);
  running.value = rest;
}

/** Asks for what follows a node; `given`: answers that are gone on with. */
async function answer(conversation: Conversation, parent: string, given?: readonly Answer[]): Promise<void> {
  const { id, model, settings } = conversation;
  stop(id);
  const controller = new AbortController();
  running.value = new Map(running.value).set(id, controller);
  const bound = settings.schema.on && schemaOf(settings.schema.text) !== undefined;
  const answers = given ?? Array.from({ length: settings.answers }, () => waiting(parent, model, bound));
  if (answers.length > 1) comparing.value = parent;
  const path = [...pathTo(conversation, parent), ...(given ?? [])];
  change(id, (of) => {
    if (given) return given.reduce((all, each) => replace(all, { ...each, state: 'waiting' }), of);
    const added = answers.reduce(add, of);
    return answers[0] ? { ...added, chosen: { ...added.chosen, [parent]: answers[0].id } } : added;
  });
  saveAll(); // the question outlasts the page from here on
  const asking = new Asking(id, answers);
  try {
    const response = await request('v1/chat/completions', bodyOf(path, model, settings, answers.length, serverTools.value), controller.signal);
    if (response.body) for await (const heard of reading(response.body)) asking.heard(heard);
    asking.end({ kind: 'broken', message: '' });
  } catch (error) {
    if (leaving) return;
    const failure = failureFrom(error, asking.begun);
    asking.end(controller.signal.aborted ? 'stopped' : failure);
    if (!controller.signal.aborted && failure.kind === 'key') troubled(failure);
  }
  asking.flush();
  settle(id, controller);
  saveAll();
  void refresh(); // the model may have been loaded
  const now = find(id);
  const made = now && answers[0] && answers.length === 1 ? nodeOf(now, answers[0].id) : undefined;
  if (now && made?.role === 'assistant' && mayRun(now, made)) void runCalls(id, made.id);
}

/** Whether a call is of a tool that the server runs. */
export function isOfServer(name: string, { tools }: Conversation['settings']): boolean {
  const own = (tools.on ? toolsOf(tools.text) : undefined) ?? [];
  const ofUser = own.some((tool) => (tool as { function: { name: string } }).function.name === name);
  return tools.server && !ofUser && serverTools.value.some((tool) => tool.name === name);
}

const mostRounds = 8;

/** Whether an answer's calls run without a question: so often behind what the user said, and no oftener. */
function mayRun(of: Conversation, { id, calls, state }: Answer): boolean {
  const { settings } = of;
  if (!settings.tools.unasked || state !== 'done' || calls.length === 0 || !calls.every(({ name }) => isOfServer(name, settings))) return false;
  const path = pathTo(of, id);
  const rounds = path.slice(path.findLastIndex(({ role }) => role === 'user')).filter(({ role }) => role === 'assistant');
  return rounds.length <= mostRounds;
}

async function resultOf({ name, arguments: text }: Call, signal: AbortSignal): Promise<string> {
  const { value, wrong } = written(text);
  return wrong ? `Error: the arguments are not JSON: ${wrong.message}` : callTool(name, value, signal);
}

/** Has the server run the calls of an answer, which then goes on with what they gave. Gives why that failed. */
export async function runCalls(conversation: string, id: string): Promise<Failure | undefined> {
  const of = find(conversation);
  const before = of && nodeOf(of, id);
  if (before?.role !== 'assistant' || isRunning(conversation)) return undefined;
  const controller = new AbortController();
  running.value = new Map(running.value).set(conversation, controller);
  try {
    const results = await Promise.all(before.calls.map((call) => resultOf(call, controller.signal)));
    settle(conversation, controller);
    giveResults(conversation, id, results);
    return undefined;
  } catch (error) {
    settle(conversation, controller);
    return controller.signal.aborted ? undefined : failureFrom(error, true);
  }
}

/** Says something at the end of what is shown, and has it answered. */
export function say(text: string): void {
  const { id } = shown.value;
  stop(id);
  const last = branch(shown.value).at(-1);
  const said = question(last?.id ?? null, text);
  change(id, (of) => add(of, said));
  address();
  const now = find(id);
  if (now) void answer(now, said.id);
}

/** Says something in place of a question: another branch. */
export function edit(id: string, text: string): void {
  const conversation = shown.value;
  const before = nodeOf(conversation, id);
  if (!before) return;
  const said = question(before.parent, text);
  change(conversation.id, (of) => add(of, said));
  const now = find(conversation.id);
  if (now) void answer(now, said.id);
}

/** Asks again for what an answer answers: another beside it. One of which nothing came is replaced. */
export function regenerate(id: string): void {
  const conversation = shown.value;
  const before = nodeOf(conversation, id);
  if (before?.role !== 'assistant' || before.parent === null) return;
  const empty = before.text === '' && before.reasoning === '' && before.calls.length === 0;
  if (empty) change(conversation.id, (of) => remove(of, id));
  const now = find(conversation.id);
  if (now) void answer(now, before.parent);
}

/** Goes on with an answer that was not finished. */
export function goOn(id: string): void {
  const before = nodeOf(shown.value, id);
  if (before?.role !== 'assistant' || before.parent === null) return;
  const { failure: _, timings: __, rates: ___, ...rest } = before;
  void answer(shown.value, before.parent, [rest]);
}

/** Gives the results of the calls of an answer, and has it go on. */
export function giveResults(conversation: string, id: string, results: readonly string[]): void {
  const of = find(conversation);
  const before = of && nodeOf(of, id);
  if (before?.role !== 'assistant') return;
  let parent = id;
  before.calls.forEach((call, i) => {
    const given = toolResult(parent, call.id, call.name, results[i] ?? '');
    parent = given.id;
    change(conversation, (all) => add(all, given));
  });
  const now = find(conversation);
  if (now) void answer(now, parent);
}

/** Runs none of the calls of an answer, which goes on without. */
export function refuseCalls(conversation: string, { id, calls }: Answer): void {
  giveResults(
    conversation,
    id,
    calls.map(() => 'Error: the user did not allow this call'), // the model's language, not the user's
  );
}

/** Whether an answer's calls have their results. */
export const hasResults = (of: Conversation, id: string): boolean => childrenOf(of, id).some(({ role }) => role === 'tool');
