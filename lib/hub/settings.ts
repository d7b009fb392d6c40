// Where models are looked up and kept: options of a call, else what the environment says. The variables are those of Hugging Face's own tools.
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

import * as check from '../check';
import { LlamaError } from '../errors';

/** The hub that models come from, and the cache that they are kept in, which Hugging Face's own tools share. */
export interface HubOptions {
  /** The hub's address. Default: `HF_ENDPOINT`, else `https://huggingface.co`. */
  endpoint?: string;
  /** For models that are private or gated; `false` for none. Default: `HF_TOKEN`, else what `hf auth login` has kept. It is sent to the endpoint alone. */
  token?: string | false;
  /** The cache's folder. Default: `HF_HUB_CACHE`, else `hub` in `HF_HOME`, else `~/.cache/huggingface/hub`. */
  cache?: string;
  /** Use what is in the cache, and nothing else. Default: `HF_HUB_OFFLINE`. */
  offline?: boolean;
  /** Milliseconds that a server may say nothing. Default: `HF_HUB_DOWNLOAD_TIMEOUT` (in seconds), else 30 seconds. */
  timeout?: number;
  /** How often a request that failed is made again while no byte comes. Default 6. */
  retries?: number;
}

/** The same, with nothing left open. */
export interface HubSettings {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly cache: string;
  /** Where files of plain addresses are kept. */
  readonly urls: string;
  readonly offline: boolean;
  readonly symlinks: boolean;
  readonly timeout: number;
  readonly retries: number;
}

/** @internal */
export const officialEndpoint = 'https://huggingface.co';

const token: check.Check<string | false> = (value, name) => (value === false ? false : headerWord(check.string(value, name), name));

/** @internal */
export const hubChecks: check.Checks<HubOptions> = {
  endpoint: (value, name) => endpointOf(check.string(value, name), name),
  token,
  cache: (value, name) => {
    const path = check.string(value, name);
    return path === '' || path.includes('\0') ? check.refuse(name, 'the path of a folder', value) : path;
  },
  offline: check.boolean,
  timeout: check.integer(1, 2 ** 31 - 1),
  retries: check.integer(0, 1000),
};

const variable = (name: string): string | undefined => process.env[name] || undefined;

const yes = (name: string): boolean => ['1', 'ON', 'YES', 'TRUE'].includes((variable(name) ?? '').toUpperCase());

/** `~` and `$NAME` in a path of the environment. */
function expanded(path: string): string {
  return path.replace(/^~(?=$|[/\\])/, () => homedir()).replace(/\$(\w+)|\$\{(\w+)\}/g, (whole, a?: string, b?: string) => process.env[a ?? b ?? ''] ?? whole);
}

const folder = (name: string): string | undefined => {
  const path = variable(name);
  return path === undefined ? undefined : expanded(path);
};

function endpointOf(address: string, name: string): string {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    return check.refuse(name, `an address such as ${officialEndpoint}`, address);
  }
  if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '' || url.hash !== '')
    return check.refuse(name, `an address such as ${officialEndpoint}`, address);
  return url.href.replace(/\/+$/, '');
}

function headerWord(text: string, name: string): string {
  const word = text.trim();
  if (!/^[\x21-\x7e]*$/.test(word)) throw new LlamaError('ARGUMENT', `${name}: expected a token of letters and digits, found one with other characters`);
  return word;
}

function keptToken(home: string): string | undefined {
  const path = folder('HF_TOKEN_PATH') ?? join(home, 'token');
  if (!existsSync(path)) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new LlamaError('FILE', `cannot read the token in ${path}: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`, { cause });
  }
}

function foundToken(home: string): string | undefined {
  const said = variable('HF_TOKEN') ?? variable('HUGGING_FACE_HUB_TOKEN');
  if (said !== undefined) return headerWord(said, 'HF_TOKEN') || undefined;
  if (yes('HF_HUB_DISABLE_IMPLICIT_TOKEN')) return undefined;
  return headerWord(keptToken(home) ?? '', 'the token that is kept') || undefined;
}

function seconds(name: string): number | undefined {
  const value = Number(variable(name));
  return value > 0 && value < 2 ** 21 ? Math.ceil(value * 1000) : undefined;
}

/**
 * The options, with the environment behind them.
 * @internal
 */
export function settingsOf(options: HubOptions = {}): HubSettings {
  const home = folder('HF_HOME') ?? join(folder('XDG_CACHE_HOME') ?? join(homedir(), '.cache'), 'huggingface');
  const cache = options.cache ?? folder('HF_HUB_CACHE') ?? folder('HUGGINGFACE_HUB_CACHE') ?? join(home, 'hub');
  return {
    endpoint: options.endpoint ?? endpointOf(variable('HF_ENDPOINT') ?? officialEndpoint, 'HF_ENDPOINT'),
    token: options.token === false ? undefined : options.token || foundToken(home),
    cache,
    urls: options.cache === undefined ? (folder('LLAMA_TS_CACHE') ?? join(home, 'llama-ts')) : join(cache, 'llama-ts'),
    offline: options.offline ?? (yes('HF_HUB_OFFLINE') || yes('TRANSFORMERS_OFFLINE')),
    symlinks: !yes('HF_HUB_DISABLE_SYMLINKS'),
    timeout: options.timeout ?? seconds('HF_HUB_DOWNLOAD_TIMEOUT') ?? 30_000,
    retries: options.retries ?? 6,
  };
}
