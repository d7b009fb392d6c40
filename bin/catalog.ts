// What commands there are and which flags they take, as data: what yargs is told, written down. The words of the command line are
// read by it (arguments.ts), and the completion scripts are made of it (completion.ts).
import type { Argv, CommandModule, Options } from 'yargs';

/** A flag of a command. */
export interface Flag {
  /** Its full name, without dashes. */
  readonly name: string;
  readonly aliases: readonly string[];
  readonly takesValue: boolean;
  readonly describe: string;
  readonly choices: readonly string[];
  readonly hidden: boolean;
}

/** A command, with those below it: `gguf` has `split`. */
export interface Command {
  readonly name: string;
  /** With the commands above it: `gguf split`. */
  readonly path: string;
  readonly aliases: readonly string[];
  readonly describe: string;
  /** Files, folders and texts behind it: `<file>` has to be there, `[text..]` may be. */
  readonly positionals: readonly string[];
  readonly flags: readonly Flag[];
  readonly commands: readonly Command[];
}

const help: Flag = { name: 'help', aliases: ['h'], takesValue: false, describe: 'show the flags of the command', choices: [], hidden: false };
const version: Flag = { name: 'version', aliases: [], takesValue: false, describe: 'show the version and what is compiled in', choices: [], hidden: false };

const camel = (name: string): string => name.replace(/-(\w)/g, (_, c: string) => c.toUpperCase());

/** Every spelling of a flag, without dashes. */
export const spellings = (flag: Flag): string[] => [...new Set([flag.name, ...flag.aliases].flatMap((n) => [n, camel(n)]))];

// Plays yargs to a builder and keeps what it is told. Whatever else a builder calls changes no flag.
class Recorder {
  readonly options = new Map<string, Options>();
  readonly commands: Command[] = [];

  constructor(private readonly above: string) {}

  readonly yargs = new Proxy({} as Argv, {
    get: (_, method) => {
      return (...args: readonly unknown[]): Argv => {
        if (method === 'options' || method === 'option') this.#options(args);
        else if (method === 'command') this.#command(args);
        return this.yargs;
      };
    },
  });

  #options([first, options]: readonly unknown[]): void {
    const all = typeof first === 'string' ? { [first]: options as Options } : (first as Record<string, Options>);
    for (const [name, more] of Object.entries(all)) this.options.set(name, { ...this.options.get(name), ...more });
  }

  #command([first, describe, builder]: readonly unknown[]): void {
    if (typeof first === 'object') this.commands.push(commandOf(first as CommandModule, this.above));
    else
      this.commands.push(
        commandOf(
          { command: first as string, describe: describe as string, builder: builder as NonNullable<CommandModule['builder']>, handler: () => {} },
          this.above,
        ),
      );
  }
}

function flagOf(name: string, options: Options): Flag {
  return {
    name,
    aliases: [options.alias ?? []].flat(),
    takesValue: options.type !== 'boolean',
    describe: options.describe ?? '',
    choices: [options.choices ?? []].flat().map(String),
    hidden: options.hidden === true,
  };
}

/** What yargs would be told of a command. */
export function commandOf(module: CommandModule, above = ''): Command {
  const [line = ''] = [module.command ?? ''].flat();
  const [name = '', ...positionals] = line.split(' ');
  const recorder = new Recorder(`${above}${name} `);
  if (typeof module.builder === 'function') (module.builder as (yargs: Argv) => unknown)(recorder.yargs);
  return {
    name,
    path: above + name,
    aliases: [module.aliases ?? []].flat(),
    describe: typeof module.describe === 'string' ? module.describe : '',
    positionals,
    flags: [...[...recorder.options].map(([flag, options]) => flagOf(flag, options)), help],
    commands: recorder.commands,
  };
}

/** The program itself: its commands, `--help` and `--version`. */
export function programOf(modules: readonly CommandModule[]): Command {
  return { name: 'llama-ts', path: '', aliases: [], describe: '', positionals: [], flags: [help, version], commands: modules.map((m) => commandOf(m)) };
}

/** The one of this name among the commands below. */
export const commandIn = (command: Command, name: string | undefined): Command | undefined =>
  command.commands.find((c) => c.name === name || c.aliases.includes(name ?? ''));
