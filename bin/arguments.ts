// The words of the command line, made plain before yargs reads them: every flag by its full name with its value behind "=", so
// that yargs never takes -ngl for -n, -g and -l, a value that begins with a dash for a flag, or a word for a boolean's value.
import { commandIn, spellings, type Command, type Flag } from './catalog';
import { llamaCpp } from './llama-cpp';
import { nearest } from '../lib/nearest';

/** A command line that is wrong. */
export class UsageError extends Error {}

// In front of every word that is no flag. No word of a command line can contain it, so yargs takes none for something else: what is
// behind "--" for flags, "007" for a number, a text "help" for a wish to see the help.
const mark = '\0';

/** Takes the marks away again, anywhere in what yargs has read. */
export function unmarked<T>(value: T): T {
  if (typeof value === 'string') return (value.startsWith(mark) ? value.slice(1) : value) as T;
  if (Array.isArray(value)) return value.map(unmarked) as T;
  return value;
}

const isNumber = (word: string): boolean => /^-(\d|\.\d|inf(inity)?$)/i.test(word);

/** Whether a word can only be a flag: "-5", "-" and "- a list" can be values. */
const looksLikeFlag = (word: string): boolean => /^--?[a-z][\w-]*(=.*)?$/is.test(word) && !isNumber(word);

/** What llama.cpp writes as two words. */
const twoWords = new Set(['control-vector-layer-range']);

interface Found {
  readonly flag: Flag;
  readonly negated: boolean;
}

function find(command: Command, name: string): Found | undefined {
  for (const flag of command.flags) {
    if (spellings(flag).includes(name)) return { flag, negated: false };
    if (!flag.takesValue && name.startsWith('no-') && spellings(flag).includes(name.slice(3))) return { flag, negated: true };
  }
  return undefined;
}

/** -n8 is -n 8, where -n takes a value. */
function glued(command: Command, word: string): [Flag, string] | undefined {
  const found = /^-([a-z])(-?\.?\d.*)$/is.exec(word);
  const flag = command.flags.find((f) => f.takesValue && f.aliases.includes(found?.[1] ?? ''));
  return found && flag ? [flag, found[2] ?? ''] : undefined;
}

const dashed = (name: string): string => (name.length === 1 || isShort(name) ? `-${name}` : `--${name}`);
const isShort = (name: string): boolean => llamaCpp.shorts.has(name);

function unknown(program: Command, command: Command, word: string, name: string, one: boolean): UsageError {
  const written = `${one ? '-' : '--'}${name}`;
  const elsewhere = one && name.length > 1 && !isShort(name) ? [] : program.commands.filter((c) => find(c, name)).map((c) => `llama-ts ${c.name}`);
  if (elsewhere.length > 0 && elsewhere.length <= 3)
    return new UsageError(`${written} is not an option of llama-ts ${command.path}, but of ${elsewhere.join(', ')}`);
  const why = llamaCpp.why(written);
  if (why !== undefined) return new UsageError(`${written} is not an option here: ${why}`);
  const known = command.flags.filter((f) => !f.hidden).flatMap((f) => [f.name, ...f.aliases]);
  const near = nearest(name, known);
  const hint = near === undefined ? `llama-ts ${command.path} --help lists the flags` : `did you mean ${dashed(near)}?`;
  return new UsageError(`unknown flag ${word}: ${hint}`);
}

function checked(flag: Flag, value: string): string {
  if (flag.choices.length > 0 && !flag.choices.includes(value))
    throw new UsageError(`--${flag.name}: expected one of ${flag.choices.join(', ')}, found "${value}"`);
  return `--${flag.name}=${value}`;
}

/** Splits "--name=value"; `one`: it has one dash. */
function parts(word: string): { name: string; value: string | undefined; one: boolean } {
  const [, dashes = '', name = '', , value] = /^(--?)([^=]*)(=([\s\S]*))?$/.exec(word) ?? [];
  return { name, value, one: dashes === '-' };
}

/** The words for yargs, of the words behind a command. */
export function plainWords(program: Command, command: Command, words: readonly string[]): string[] {
  const out: string[] = [];
  const plain: string[] = []; // files and texts
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === '--') {
      plain.push(...words.slice(i + 1));
      break;
    }
    if (!word.startsWith('-') || word === '-' || isNumber(word)) {
      plain.push(word);
      continue;
    }
    const { name, value, one } = parts(word);
    const found = one && name.length > 1 && !isShort(name) ? undefined : find(command, name);
    const joined = found ? undefined : one ? glued(command, word) : undefined;
    if (joined) {
      out.push(checked(...joined));
    } else if (!found) {
      throw unknown(program, command, word, name, one);
    } else if (!found.flag.takesValue) {
      if (value !== undefined && !/^(true|false)$/.test(value)) throw new UsageError(`--${name}: expected no value, true or false, found "${value}"`);
      out.push(`--${found.flag.name}=${String((value !== 'false') !== found.negated)}`);
    } else {
      const next = value ?? words[++i];
      if (next === undefined) throw new UsageError(`${word}: expected a value after it`);
      if (value === undefined && looksLikeFlag(next))
        throw new UsageError(`${word}: expected a value after it, found ${next}; a value that begins with a dash is written --${found.flag.name}=${next}`);
      const second = value === undefined && twoWords.has(found.flag.name) && /^\d+$/.test(next) ? words[++i] : undefined;
      out.push(checked(found.flag, second === undefined ? next : `${next} ${second}`));
    }
  }
  if (!out.includes('--help=true')) checkCount(command, plain);
  return [...plain.map((w) => mark + w), ...out];
}

/** Files and texts: `<file>` has to be there, `[text..]` takes what comes. */
function checkCount(command: Command, given: readonly string[]): void {
  const expected = command.positionals.filter((p) => p.startsWith('<')).map((p) => p.slice(1, -1).toUpperCase());
  const missing = expected[given.length];
  if (missing !== undefined) throw new UsageError(`expected ${missing}: llama-ts ${command.path} ${expected.join(' ')}`);
  const more = given[command.positionals.length];
  if (more === undefined || command.positionals.some((p) => p.endsWith('..]'))) return;
  const prompt = command.flags.some((f) => f.name === 'prompt') ? ': give a prompt with -p' : '';
  throw new UsageError(`unexpected ${JSON.stringify(more)} after llama-ts ${[command.path, ...expected].join(' ')}${prompt}`);
}

/** All words of the command line: the commands first, then what is behind them. */
export function readWords(program: Command, words: readonly string[]): string[] {
  if (words[0] === 'help') return readWords(program, [...words.slice(1), '--help']);
  let command = program;
  let depth = 0;
  for (let below = commandIn(command, words[0]); below; below = commandIn(command, words[depth])) {
    command = below;
    depth++;
  }
  const [first, ...others] = words.slice(depth);
  if (depth > 0 && command.commands.length > 0 && first === undefined) {
    throw new UsageError(`expected a command after ${command.name}: ${command.commands.map((c) => c.name).join(', ')}`);
  }
  if (command.commands.length > 0 && first !== undefined && !command.flags.some((f) => spellings(f).some((n) => first === `-${n}` || first === `--${n}`))) {
    const names = command.commands.map((c) => c.name);
    const above = words.slice(0, depth).join(' ');
    if (first.startsWith('-'))
      throw new UsageError(`expected a command before ${first}: llama-ts ${above}${above && ' '}${names[0]} ${[first, ...others].join(' ')}`);
    const near = nearest(first, names);
    throw new UsageError(`unknown command ${JSON.stringify(first)}: ${near === undefined ? `the commands are ${names.join(', ')}` : `did you mean ${near}?`}`);
  }
  const rest = depth > 0 ? plainWords(program, command, words.slice(depth)) : words.map((w) => w.replace(/^-h$/, '--help'));
  return [...words.slice(0, depth), ...rest];
}
