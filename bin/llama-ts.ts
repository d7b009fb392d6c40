#!/usr/bin/env node
// llama-ts COMMAND: one yargs command a file in commands/. `build` works where the compiled addon is missing; the others need it.
import yargs, { type Argv, type CommandModule } from 'yargs';

import build from './commands/build';
import { explain, leaveQuietlyWithReader } from './screen';

function commands(): CommandModule[] {
  return [
    require('./commands/run') as { default: CommandModule },
    require('./commands/chat') as { default: CommandModule },
    require('./commands/tokenize') as { default: CommandModule },
    require('./commands/inspect') as { default: CommandModule },
    require('./commands/logits') as { default: CommandModule },
    require('./commands/bench') as { default: CommandModule },
  ].map((m) => m.default);
}

function parser(words: string[], known: readonly CommandModule[]): Argv {
  return yargs(words)
    .scriptName('llama-ts')
    .usage('$0 COMMAND\n\nRuns large language models.')
    .command([...known, build as CommandModule])
    .demandCommand(1, 1, 'expected a command: llama-ts --help lists them', 'expected one command')
    .strict()
    .help()
    .alias('help', 'h')
    .version(packageVersion())
    .wrap(Math.min(120, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      throw error ?? new Error(message ?? 'expected a command');
    });
}

function packageVersion(): string {
  return (require('../../package.json') as { version: string }).version;
}

async function main(words: string[]): Promise<void> {
  const needsAddon = words[0] !== 'build' && words[0] !== '--version';
  await parser(words, needsAddon ? commands() : []).parseAsync();
}

leaveQuietlyWithReader();
main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`llama-ts: ${explain(error)}\n`);
  process.exitCode = 1;
});
