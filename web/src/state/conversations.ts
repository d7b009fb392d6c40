// All conversations, and the one that is shown.
import { batch, computed, signal } from '@preact/signals';

import { exported, imported } from '../data/transfer';
import { newConversation } from '../data/tree';
import { newId, plainSettings, type Conversation, type Settings } from '../data/types';
import * as database from './database';
import { notice } from './notices';
import { lastModel } from './preferences';

const known = signal<ReadonlyMap<string, Conversation>>(new Map());

/** Whether those of the database have been read. */
export const read = signal(false);

/** The one that is shown. It is among the known ones once something was said in it. */
export const shown = signal<Conversation>(newConversation('', plainSettings));

/** All, the newest first. */
export const listed = computed(() => [...known.value.values()].sort((a, b) => b.updated - a.updated));

export const find = (id: string): Conversation | undefined => (shown.value.id === id ? shown.value : known.value.get(id));

const saves = new Map<string, ReturnType<typeof setTimeout>>();
const saveMs = 400;
let failedOnce = false;

function failed(): void {
  if (!failedOnce) notice({ text: 'storageFailed' });
  failedOnce = true;
}

function save(id: string): void {
  clearTimeout(saves.get(id));
  saves.delete(id);
  const conversation = known.value.get(id);
  if (conversation) database.put(conversation).catch(failed);
}

/** Saves what waits to be saved. */
export function saveAll(): void {
  for (const id of [...saves.keys()]) save(id);
}

/** Changes a conversation, and keeps it. */
export function change(id: string, by: (of: Conversation) => Conversation): void {
  const before = find(id);
  if (!before) return; // deleted meanwhile
  const after = by(before);
  batch(() => {
    if (shown.value.id === id) shown.value = after;
    if (after.nodes.length > 0) known.value = new Map(known.value).set(id, after);
  });
  if (after.nodes.length > 0 && !saves.has(id))
    saves.set(
      id,
      setTimeout(() => save(id), saveMs),
    );
}

const addressOf = (id: string): string => `#${id}`;

/** Shows a conversation. */
export function show(id: string): void {
  const conversation = known.value.get(id);
  if (!conversation) return;
  shown.value = conversation;
  if (location.hash !== addressOf(id)) history.pushState(null, '', addressOf(id));
}

/** Shows an empty one. Its settings are those of the one before. */
export function begin(): void {
  const { model, settings, nodes } = shown.value;
  if (nodes.length > 0) shown.value = newConversation(model, settings);
  if (location.hash !== '') history.pushState(null, '', location.pathname + location.search);
}

/** Gives the conversation that is shown an address. */
export function address(): void {
  if (location.hash !== addressOf(shown.value.id)) history.replaceState(null, '', addressOf(shown.value.id));
}

function followAddress(): void {
  const id = location.hash.slice(1);
  if (id === '') begin();
  else show(id);
}

/** Takes a conversation away; gives what brings it back. */
export function remove(id: string): () => void {
  const conversation = known.value.get(id);
  const wasShown = shown.value.id === id;
  const rest = new Map(known.value);
  rest.delete(id);
  clearTimeout(saves.get(id));
  saves.delete(id);
  batch(() => {
    known.value = rest;
    if (wasShown) {
      shown.value = newConversation(shown.value.model, shown.value.settings);
      history.replaceState(null, '', location.pathname + location.search);
    }
  });
  database.remove(id).catch(failed);
  return () => {
    if (!conversation) return;
    known.value = new Map(known.value).set(id, conversation);
    save(id);
    if (wasShown) show(id);
  };
}

export const rename = (id: string, title: string): void => change(id, (of) => ({ ...of, title, named: true }));

export const changeSettings = (by: Partial<Settings>): void => change(shown.value.id, (of) => ({ ...of, settings: { ...of.settings, ...by } }));

export function chooseModel(model: string): void {
  lastModel.value = model;
  change(shown.value.id, (of) => ({ ...of, model }));
}

export const exportedText = (id?: string): string => exported(id === undefined ? listed.value : listed.value.filter((each) => each.id === id));

/** Adds the conversations of a file, each beside those that are there. Gives how many. */
export function importText(text: string): number {
  const found = imported(text).map((each) => (known.value.has(each.id) ? { ...each, id: newId() } : each));
  known.value = new Map([...known.value, ...found.map((each) => [each.id, each] as const)]);
  for (const { id } of found) save(id);
  return found.length;
}

/** Reads the database, and shows what the address names. */
export async function start(): Promise<void> {
  shown.value = newConversation(lastModel.value, plainSettings);
  addEventListener('popstate', followAddress);
  addEventListener('pagehide', saveAll);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'hidden') saveAll();
  });
  try {
    const found = await database.all();
    known.value = new Map([...found.map((each) => [each.id, each] as const), ...known.value]);
  } catch {
    failed();
  }
  read.value = true;
  if (shown.value.nodes.length === 0) followAddress();
}
