// What people write to name a model: `hf:user/repo:Q4_K_M` and its kin, pages and files of the hub, plain addresses.
import { LlamaError } from '../errors';
import { officialEndpoint } from './settings';
import { suggestedModels } from './suggested';

/** A model of the hub. */
export interface HubReference {
  readonly kind: 'hub';
  /** `user/name`. */
  readonly repo: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
  readonly quant?: string;
  /** Of several files the first. */
  readonly file?: string;
}

/** A file somewhere else. */
export interface UrlReference {
  readonly kind: 'url';
  readonly url: URL;
}

export type Reference = HubReference | UrlReference;

/** Whether a text can only be such a name, and no path: `./hf.co/x` is one. */
export const isReference = (text: string): boolean => /^(hf:|https?:\/\/|(hf\.co|huggingface\.co)\/)/i.test(text);

const examples = `hf:user/repo, hf:user/repo:Q4_K_M, hf:user/repo/file.gguf or https://host/file.gguf`;

function refuse(text: string, why: string): never {
  throw new LlamaError('ARGUMENT', `${JSON.stringify(text)} names no model: ${why}; expected such as ${examples}`);
}

/** Whether a path of the hub stays in the folder that it is put into, on every system. */
export const isSafePath = (path: string): boolean =>
  path.length <= 1024 && path.split('/').every((part) => /^[^\\:*?"<>|\0-\x1f]+$/.test(part) && !/^\.+$|[. ]$/.test(part));

const isRepo = (repo: string): boolean => {
  const parts = repo.split('/');
  return parts.length === 2 && parts.every((part) => /^[A-Za-z0-9_]([\w.-]{0,94}\w)?$/.test(part) && !/--|\.\./.test(part));
};

/** `user/repo@revision/file.gguf:Q4_K_M#revision`, each part behind the repository as it likes. */
function ofHub(text: string, rest: string): HubReference {
  const [, path = '', quant, hash] = /^([^:#]*)(?::([^#]*))?(?:#(.*))?$/.exec(rest) ?? [];
  const [user = '', name = '', ...below] = path.split('/');
  const [repo = '', ...at] = name.split('@');
  const revision = hash ?? (at.length > 0 ? at.join('@') : 'main');
  const file = quant !== undefined && /\.gguf$/i.test(quant) ? [...below, quant].join('/') : below.join('/');
  const type = quant === undefined || quant === '' || quant === 'latest' || /\.gguf$/i.test(quant) ? undefined : quant;
  const known = name === '' && user !== '' ? suggestedModels.find((s) => s.name === user.toLowerCase()) : undefined;
  if (known) return ofHub(text, known.reference.slice(3) + (type === undefined ? '' : `:${type}`));
  if (name === '') refuse(text, `a repository is user/repo, and ${JSON.stringify(user)} is none of the names that llama-ts pull lists`);
  return checked(text, { repo: `${user}/${repo}`, revision, quant: type, file });
}

function checked(text: string, { repo, revision, quant, file }: { repo: string; revision: string; quant?: string | undefined; file: string }): HubReference {
  if (!isRepo(repo)) refuse(text, `${JSON.stringify(repo)} is no repository`);
  if (!isSafePath(revision)) refuse(text, `${JSON.stringify(revision)} is no revision`);
  if (quant !== undefined && !/^[\w.-]{1,64}$/.test(quant)) refuse(text, `${JSON.stringify(quant)} is no quantization`);
  if (file !== '' && quant !== undefined) refuse(text, 'it names a file and a quantization');
  if (file !== '' && !/\.gguf$/i.test(file)) refuse(text, `${JSON.stringify(file)} is no GGUF file`);
  if (file !== '' && !isSafePath(file)) refuse(text, `${JSON.stringify(file)} is no path in a repository`);
  return { kind: 'hub', repo, revision, ...(quant !== undefined && { quant }), ...(file !== '' && { file }) };
}

function decoded(text: string, part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return refuse(text, `${JSON.stringify(part)} is no part of an address`);
  }
}

/** The address of a page or a file of the hub: `/user/repo`, `/user/repo/blob/main/file.gguf`. */
function ofPage(text: string, path: string): HubReference {
  const [user = '', name = '', kind, ...rest] = path.split('/').filter(Boolean);
  if (kind === undefined && name.includes(':')) return ofHub(text, `${user}/${decoded(text, name)}`);
  const [revision = 'main', ...file] = rest.map((part) => decoded(text, part));
  if (kind !== undefined && !['blob', 'resolve', 'raw', 'tree'].includes(kind)) refuse(text, 'it is no page of a model or a file');
  return checked(text, { repo: `${user}/${name}`, revision, file: kind === 'tree' ? '' : file.join('/') });
}

/** Pages of the hub are its own, whatever stands in for it: a mirror, a server of tests. */
function ofAddress(text: string, endpoint: string): Reference {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    return refuse(text, 'it is no address');
  }
  if (url.username !== '' || url.password !== '') refuse(text, 'an address with a password is not taken');
  const isOfficial = url.protocol === 'https:' && /^(www\.)?(huggingface\.co|hf\.co)$/.test(url.host);
  if (isOfficial) return ofPage(text, url.pathname);
  if (url.href.startsWith(`${endpoint}/`) && endpoint !== officialEndpoint)
    return ofPage(text, url.pathname.slice(new URL(`${endpoint}/`).pathname.length - 1));
  const name = decoded(text, url.pathname.split('/').at(-1) ?? '');
  if (!/\.gguf$/i.test(name) || !isSafePath(name)) refuse(text, 'it does not end in the name of a GGUF file');
  return { kind: 'url', url };
}

/** Reads a name; without `hf:` too, where no path is meant. */
export function parseReference(text: string, endpoint: string): Reference {
  const named = /^hf:(?:\/\/)?/i.exec(text) ?? /^(?:hf\.co|huggingface\.co)\//i.exec(text);
  if (named && /^hf:/i.test(text)) return ofHub(text, text.slice(named[0].length));
  if (named) return /\/(blob|resolve|raw|tree)\//.test(text) ? ofPage(text, text.slice(named[0].length)) : ofHub(text, text.slice(named[0].length));
  if (/^[a-z]+:\/\//i.test(text)) {
    if (!/^https?:/i.test(text)) refuse(text, 'addresses begin with https: or http:');
    return ofAddress(text, endpoint);
  }
  return ofHub(text, text);
}

/** Whether what was asked for may be what was found: whoever names no file and no quantization takes any. */
export function isAskedFor(asked: Reference, found: Reference): boolean {
  if (asked.kind === 'url' || found.kind === 'url') return asked.kind === found.kind && spelled(asked) === spelled(found);
  if (asked.repo !== found.repo || asked.revision !== found.revision) return false;
  if (asked.file === undefined && asked.quant === undefined) return true;
  return asked.file === found.file && asked.quant?.toUpperCase() === found.quant?.toUpperCase();
}

/** As it would be written. */
export function spelled(reference: Reference): string {
  if (reference.kind === 'url') return reference.url.href;
  const { repo, revision, quant, file } = reference;
  const at = revision === 'main' ? '' : `#${revision}`;
  return `hf:${repo}${file === undefined ? '' : `/${file}`}${quant === undefined ? '' : `:${quant}`}${at}`;
}
