import { readFileSync } from 'node:fs';
import type { CommandModule } from 'yargs';

import { embeddedModel, ranks } from '../../lib';
import type { LlamaServer, LogLevel, ModelSource, ServeOptions } from '../../lib/server';
import { adapterFlags, adapterOptions } from '../adapters';
import { McpTools } from '../mcp';
import { loadFlags, loadOptions, numeric, word, words, type Flags } from '../flags';
import { modelsIn } from '../model-folder';
import { interrupted } from '../interrupt';
import { note } from '../screen';

type Loaded = typeof import('../../lib/server');

function textOf(path: string, flag: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${flag}: cannot read ${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

/** Keys of flags, of a file with one a line, and of the environment. */
function keysOf(given: unknown, file: unknown, flag: string, environment?: string): string[] {
  const listed = (given as readonly string[] | undefined) ?? [];
  const ofFile = typeof file === 'string' ? textOf(file, `${flag}-file`).split(/\s+/) : [];
  const ofEnvironment = environment === undefined ? [] : environment.split(',');
  return [...listed.flatMap((keys) => keys.split(',')), ...ofFile, ...ofEnvironment].map((key) => key.trim()).filter((key) => key !== '');
}

function templateOf({ chatTemplate: name, chatTemplateFile: file }: Flags): Pick<ModelSource, 'template'> {
  if (typeof file === 'string') return { template: textOf(file, '--chat-template-file') };
  return typeof name === 'string' ? { template: name } : {};
}

function modelOf(flags: Flags): Pick<ServeOptions, 'model' | 'models'> {
  const of = { load: adapterOptions(flags), ...templateOf(flags) };
  const [name, ...aliases] = ((flags.alias as readonly string[] | undefined) ?? []).flatMap((each) => each.split(','));
  const files = [...(flags.files as readonly string[]), ...(typeof flags.model === 'string' ? [flags.model] : [])];
  const paths = [...files, ...(typeof flags.modelsDir === 'string' ? modelsIn(flags.modelsDir) : [])];
  if (paths.length > 1) {
    if (name !== undefined) throw new Error('--alias: names one model: leave it out where several are served');
    return { models: paths.map((path): ModelSource => ({ path, ...of })) };
  }
  if (paths.length === 0 && flags.pull === true) return { models: [] };
  const path = paths[0] ?? embeddedModel;
  if (path === embeddedModel) note('Using the small story model that comes with llama-ts. For a real model: llama-ts serve -m FILE.gguf');
  return { model: { path, ...of, ...(name !== undefined && { name, aliases: [...aliases, fileName(path)] }) } };
}

const fileName = (path: string): string =>
  path
    .replace(/[\\/]+$/, '')
    .split(/[\\/]/)
    .at(-1)
    ?.replace(/\.gguf$/i, '') ?? path;

function tlsOf({ tlsCert: cert, tlsKey: key }: Flags): Pick<ServeOptions, 'tls'> {
  if (cert === undefined && key === undefined) return {};
  if (typeof cert !== 'string' || typeof key !== 'string') throw new Error('--tls-cert, --tls-key: give both, or neither');
  return { tls: { cert: textOf(cert, '--tls-cert'), key: textOf(key, '--tls-key') } };
}

const gibibytes = (value: unknown): number => (value as number) * 2 ** 30;

function serveOptions(flags: Flags): ServeOptions {
  const taken = (name: string, as = name): Record<string, unknown> => (flags[name] === undefined ? {} : { [as]: flags[name] });
  const apiKeys = keysOf(flags.apiKey, flags.apiKeyFile, '--api-key', process.env.LLAMA_API_KEY);
  const adminKeys = keysOf(flags.adminKey, flags.adminKeyFile, '--admin-key', process.env.LLAMA_ADMIN_KEY);
  return {
    ...modelOf(flags),
    load: loadOptions(flags),
    ...tlsOf(flags),
    ...taken('host'),
    ...taken('port'),
    ...taken('parallel'),
    ...taken('maxQueue'),
    ...taken('keepAlive'),
    ...taken('deadline'),
    ...taken('grace'),
    ...taken('maxConnections'),
    ...taken('toolChoice'),
    ...taken('logLevel'),
    ...taken('allowedHost', 'allowedHosts'),
    ...taken('corsOrigin', 'corsOrigins'),
    ...(flags.modelMemory !== undefined && { memory: gibibytes(flags.modelMemory) }),
    ...(flags.maxBody !== undefined && { maxBodyBytes: (flags.maxBody as number) * 2 ** 20 }),
    ...(flags.open === true && { openToAll: true }),
    ...(flags.pull === true && { pull: true }),
    ...(flags.page === false && { page: false }),
    ...(apiKeys.length > 0 && { apiKeys }),
    ...(adminKeys.length > 0 && { adminKeys }),
  };
}

/** Runs until a signal comes: running requests are finished first; a second signal ends at once. */
function untilSignal(starting: Promise<LlamaServer>): Promise<void> {
  return new Promise((resolve, reject) => {
    let server: LlamaServer | undefined;
    let times = 0;
    const end = (): void => {
      if (++times > 1 || !server) process.exit(interrupted);
      server.close().then(resolve, reject);
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end);
    starting.then((started) => (server = started), reject);
  });
}

async function serve(flags: Flags): Promise<void> {
  if (ranks.rank > 0) throw new Error('serve: has no use under mpirun but on rank 0');
  const lib = require('../../lib/server') as Loaded;
  await using mcp = await McpTools.of(flags, new AbortController().signal);
  mcp?.leaveSignals();
  const starting = lib.serve({ ...serveOptions(flags), ...(mcp && { tools: mcp.tools }) });
  starting.then(
    ({ url }) => note(`llama-ts serves ${url}: OpenAI at ${url}/v1, Anthropic and Ollama at ${url}. Ctrl-C ends it.`),
    () => {},
  );
  await untilSignal(starting);
}

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent'];

const command: CommandModule = {
  command: 'serve [files..]',
  aliases: ['server'],
  describe: 'serve models over HTTP, as OpenAI, Anthropic, Ollama and llama.cpp do',
  builder: (yargs) =>
    adapterFlags(loadFlags(yargs))
      .positional('files', { type: 'string', array: true, default: [], describe: 'GGUF files or folders; of several, each is loaded when it is asked for' })
      .options({
        'models-dir': word('serve every model of this folder'),
        alias: words('name that the model is called by; several times or with commas for several', ['a']),
        'chat-template': word("name of a chat template: one of the model file's, chatml, llama3, ...", [], { conflicts: 'chat-template-file' }),
        'chat-template-file': word("file with a Jinja template in place of the model's"),
        host: word('address to listen at (default 127.0.0.1: this machine alone)'),
        port: numeric('port', 'port to listen at (default 8080; 0: any)'),
        parallel: numeric('parallel', 'answers that a model makes at a time (default 32)', ['np']),
        'max-queue': numeric('max-queue', 'requests that may wait; more are refused (default 256)'),
        'keep-alive': numeric('keep-alive', 'seconds that an unused model of several stays loaded (default 300)'),
        'model-memory': numeric('model-memory', 'GiB that all loaded models may take (default: what there is)'),
        deadline: numeric('deadline', 'seconds that a request may take (default: any time)'),
        grace: numeric('grace', 'seconds that running requests have when the server is ended (default 30)'),
        'api-key': words('key that requests must show; several times for several (also LLAMA_API_KEY)'),
        'api-key-file': word('file with keys, one a line'),
        'admin-key': words('key for managing models (also LLAMA_ADMIN_KEY)'),
        'admin-key-file': word('file with such keys, one a line'),
        pull: {
          type: 'boolean',
          describe: 'serve the models of the cache too, and let whoever has an admin key bring others by name, and remove them (/api/pull, /api/delete)',
        },
        open: { type: 'boolean', describe: 'with --host: let everybody use it, without a key' },
        page: { type: 'boolean', default: true, describe: 'give browsers the web page; --no-page does not' },
        mcp: words('command that starts an MCP server, whose tools the page can offer; may be given several times'),
        'mcp-config': word('file with MCP servers: JSON with "mcpServers", as other programs have it'),
        'tool-choice': word('what requests get that offer tools and do not say whether one is called: required makes small models call', [], {
          choices: ['auto', 'required'],
        }),
        'allowed-host': words('name that the server is called by; several times for several'),
        'cors-origin': words('origin whose pages may use it, such as https://app.example; several times for several'),
        'tls-cert': word('certificate, PEM', ['ssl-cert-file']),
        'tls-key': word('key of the certificate, PEM', ['ssl-key-file']),
        'max-body': numeric('max-body', 'MiB of a body at most (default 32)'),
        'max-connections': numeric('max-connections', 'connections at a time (default 16384)'),
        'log-level': word('what is told on standard error, in lines of JSON (default info)', [], { choices: [...levels] }),
      })
      .example('$0 serve -m qwen3-4b.gguf --port 8080', ''),
  handler: (flags) => serve(flags),
};

export default command;
