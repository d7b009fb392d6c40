// What is known of the server.
import { computed, signal } from '@preact/signals';

import * as client from '../api/client';
import { Failed } from '../api/failure';
import { parametersOf, type Parameter } from '../data/parameters';
import type { Failure } from '../data/types';
import { chooseModel, shown } from './conversations';
import { lastModel } from './preferences';

export const models = signal<readonly client.ServedModel[]>([]);
export const parameters = signal<readonly Parameter[]>([]);
export const mayManage = signal(false);
/** The tools that the server runs. */
export const serverTools = signal<readonly client.ServerTool[]>([]);
/** Why the server could not be asked; undefined: it could. */
export const trouble = signal<Failure | undefined>(undefined);
/** Whether the key is asked for. */
export const asksKey = signal(false);

/** The model of the conversation that is shown. */
export const model = computed(() => models.value.find(({ id }) => id === shown.value.model));

const failureIn = (error: unknown): Failure => (error instanceof Failed ? error.failure : { kind: 'failed', message: '' });

export function troubled(failure: Failure): void {
  trouble.value = failure;
  if (failure.kind === 'key') asksKey.value = true;
}

let listed: Promise<readonly client.ServerTool[]> | undefined; // once: a server has them as long as it runs

async function listTools(): Promise<void> {
  listed ??= client.tools();
  try {
    serverTools.value = await listed;
  } catch {
    listed = undefined; // asked again
  }
}

/** Asks which models there are. */
export async function refresh(): Promise<void> {
  try {
    models.value = await client.models();
  } catch (error) {
    troubled(failureIn(error));
    return;
  }
  trouble.value = undefined;
  asksKey.value = false;
  void listTools();
  const isServed = (id: string): boolean => models.value.some((each) => each.id === id);
  if (!isServed(shown.value.model)) {
    const next = isServed(lastModel.value) ? lastModel.value : models.value[0]?.id;
    if (next !== undefined) chooseModel(next);
  }
}

let described: Promise<unknown> | undefined;

/** Asks what the model's samplers are, and what may be done here. */
export async function describe(): Promise<void> {
  if (trouble.value) return;
  described ??= client.openApi();
  const [openApi, props] = await Promise.all([
    described.catch(() => {
      described = undefined;
      return undefined;
    }),
    client.props(shown.value.model).catch(() => undefined),
  ]);
  parameters.value = parametersOf(openApi, props);
  mayManage.value = client.mayManage(props);
}

/** Loads or unloads a model. Gives why not. */
export async function manage(what: 'load' | 'unload', id: string): Promise<Failure | undefined> {
  models.value = models.value.map((each) => (each.id === id && what === 'load' ? { ...each, state: 'loading' } : each));
  try {
    await (what === 'load' ? client.load(id) : client.unload(id));
    return undefined;
  } catch (error) {
    return failureIn(error);
  } finally {
    await refresh();
  }
}
