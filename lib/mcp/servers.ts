// Servers of the Model Context Protocol by their names, in the form that other clients' configuration files have: `{ "mcpServers": { ... } }`.
import { LlamaError } from '../errors';

/** A program that is started and spoken to through its input and output, or a server at an address. */
export type McpServer =
  | {
      readonly command: string;
      readonly args?: readonly string[] | undefined;
      /** Beside a few variables of this process, such as PATH and HOME. */
      readonly env?: Readonly<Record<string, string>> | undefined;
      readonly cwd?: string | undefined;
    }
  | { readonly url: string; readonly headers?: Readonly<Record<string, string>> | undefined };

export type McpServers = Readonly<Record<string, McpServer>>;

const wrong = (name: string, expected: string): LlamaError => new LlamaError('ARGUMENT', `mcpServers.${name}: expected ${expected}`);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** `${NAME}` and `${NAME:-otherwise}` are variables of the environment. */
function filled(text: string, where: string): string {
  return text.replace(/\$\{(\w+)(?::-([^}]*))?\}/g, (_, name: string, otherwise: string | undefined) => {
    const value = process.env[name] ?? otherwise;
    if (value === undefined) throw wrong(where, `the variable ${name} in the environment, which has none`);
    return value;
  });
}

function textIn(value: unknown, where: string): string {
  if (typeof value !== 'string' || value === '') throw wrong(where, 'a text');
  return filled(value, where);
}

function textsIn(value: unknown, where: string): Record<string, string> | undefined {
  if (value === undefined) return undefined;
  if (!isObject(value)) throw wrong(where, 'an object of texts');
  return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, filled(String(text), `${where}.${name}`)]));
}

function serverOf(name: string, given: unknown): McpServer {
  if (!isObject(given)) throw wrong(name, 'an object with command, or with url');
  const { command, args = [], env, cwd, url, headers, type } = given;
  if (url !== undefined) {
    if (type === 'sse') throw wrong(name, 'a server that streams over HTTP; those of the kind sse, which came before, are not spoken to');
    return { url: textIn(url, `${name}.url`), headers: textsIn(headers, `${name}.headers`) };
  }
  if (!Array.isArray(args)) throw wrong(`${name}.args`, 'a list of texts');
  return {
    command: textIn(command, `${name}.command`),
    args: args.map((each: unknown) => filled(String(each), `${name}.args`)),
    env: textsIn(env, `${name}.env`),
    ...(cwd !== undefined && { cwd: textIn(cwd, `${name}.cwd`) }),
  };
}

/** The servers of a configuration: what its JSON text, parsed, is. Those that are `disabled` are left out. */
export function mcpServers(config: unknown): McpServers {
  const { mcpServers: servers } = (isObject(config) ? config : {}) as { mcpServers?: unknown };
  if (!isObject(servers)) throw new LlamaError('ARGUMENT', 'expected a configuration with "mcpServers": an object of servers by their names');
  const on = Object.entries(servers).filter(([, given]) => !(isObject(given) && given.disabled === true));
  return Object.fromEntries(on.map(([name, given]) => [name, serverOf(name, given)]));
}
