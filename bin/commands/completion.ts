import { basename } from 'node:path';
import type { CommandModule } from 'yargs';

import { programOf } from '../catalog';
import { completionScript, type Shell } from '../completion';
import type { Flags } from '../flags';
import { print } from '../screen';

const shells = ['bash', 'zsh', 'fish'] as const;

function shellOf(given: unknown): Shell {
  const name = given ?? basename(process.env.SHELL ?? '');
  if (shells.includes(name as Shell)) return name as Shell;
  throw new Error(`expected a shell, ${shells.join(', ')}, found "${String(name)}"`);
}

/** The command that prints what the shell needs to complete the other commands. */
export function completion(others: readonly CommandModule[]): CommandModule {
  const command: CommandModule = {
    command: 'completion [shell]',
    describe: 'print a script with which the shell completes commands and flags: bash, zsh or fish',
    builder: (yargs) => yargs.positional('shell', { type: 'string', describe: 'bash, zsh or fish (default: the one of $SHELL)' }),
    handler: (flags: Flags) => print(completionScript(programOf([...others, command]), shellOf(flags.shell))),
  };
  return command;
}
