// The server's API, as far as the page uses it. Addresses are relative: the page may be mounted below a path.
import { Failed, failureOf } from './failure';

/** A model that is served. */
export interface ServedModel {
  readonly id: string;
  readonly state: 'loaded' | 'loading' | 'unloaded' | '';
  readonly parameters: number | undefined;
  readonly bytes: number | undefined;
  readonly context: number | undefined;
}

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);

let key = '';

/** The key that requests show from here on; '': none. */
export function useKey(given: string): void {
  key = given;
}

/** Sends a request. Rejects with `Failed` where the server is not there or refuses. */
export async function request(path: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
  const headers = {
    ...(key !== '' && { authorization: `Bearer ${key}` }),
    ...(body !== undefined && { 'content-type': 'application/json' }),
  };
  let response: Response;
  try {
    response = await fetch(path, {
      method: body === undefined ? 'GET' : 'POST',
      headers,
      cache: 'no-store',
      credentials: 'same-origin',
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Failed({ kind: 'gone', message: '' });
  }
  if (!response.ok) throw await failureOf(response);
  return response;
}

const json = async (path: string, body?: unknown): Promise<unknown> => {
  const response = await request(path, body);
  return response.json().catch(() => {
    throw new Failed({ kind: 'failed', message: '' });
  });
};

const states: readonly string[] = ['loaded', 'loading', 'unloaded'];

function modelOf(value: unknown): ServedModel[] {
  const { id, status, meta } = fields(value);
  if (typeof id !== 'string') return [];
  const { value: state } = fields(status);
  const { n_params: parameters, size, n_ctx_train: context } = fields(meta);
  return [
    {
      id,
      state: typeof state === 'string' && states.includes(state) ? (state as ServedModel['state']) : '',
      parameters: numberOf(parameters),
      bytes: numberOf(size),
      context: numberOf(context),
    },
  ];
}

/** The models that are served. */
export async function models(): Promise<readonly ServedModel[]> {
  const { data } = fields(await json('v1/models'));
  return Array.isArray(data) ? data.flatMap(modelOf) : [];
}

/** What a model is set to. */
export const props = (model: string): Promise<unknown> => json(`props?model=${encodeURIComponent(model)}`);

/** A tool that the server runs. */
export interface ServerTool {
  readonly name: string;
  readonly description: string;
  readonly parameters: unknown;
}

/** The tools that the server runs. */
export async function tools(): Promise<readonly ServerTool[]> {
  const { tools: told } = fields(await json('tools'));
  return (Array.isArray(told) ? told : []).flatMap((each): ServerTool[] => {
    const { name, description, parameters } = fields(each);
    return typeof name === 'string' ? [{ name, description: typeof description === 'string' ? description : '', parameters }] : [];
  });
}

/** Has the server run a tool; gives what the model is told. Rejects with `Failed`. */
export async function callTool(name: string, given: unknown, signal?: AbortSignal): Promise<string> {
  const { content } = fields(await (await request('tools/call', { name, arguments: given }, signal)).json());
  return typeof content === 'string' ? content : '';
}

/** The server's description of itself. */
export const openApi = (): Promise<unknown> => json('openapi.json');

/** Whether whoever asks may load and unload models. */
export const mayManage = (properties: unknown): boolean => fields(properties).may_manage === true;

export const load = (model: string): Promise<unknown> => json('models/load', { model });

export const unload = (model: string): Promise<unknown> => json('models/unload', { model });
