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
    require('./commands/convert') as { default: CommandModule },
    require('./commands/gguf') as { default: CommandModule },
    require('./commands/logits') as { default: CommandModule },
    require('./commands/bench') as { default: CommandModule },
    require('./commands/perplexity') as { default: CommandModule },
    require('./commands/imatrix') as { default: CommandModule },
  ].map((m) => m.default);
}

function parser(words: string[], known: readonly CommandModule[], version: string): Argv {
  return yargs(words)
    .scriptName('llama-ts')
    .usage('$0 COMMAND\n\nRuns large language models.')
    .command([...known, build as CommandModule])
    .demandCommand(1, 1, 'expected a command: llama-ts --help lists them', 'expected one command')
    .strict()
    .help()
    .alias('help', 'h')
    .version(version)
    .wrap(Math.min(120, process.stdout.columns ?? 100))
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      throw error ?? new Error(message ?? 'expected a command');
    });
}

const packageVersion = (): string => (require('../../package.json') as { version: string }).version;

/** The version, what is compiled in, and what of it can be used here. */
function fullVersion(): string {
  const { backends, mpi } = require('../lib') as typeof import('../lib');
  const lines = backends().flatMap(({ name, usable, reason, variants, devices }) => {
    if (!usable) return [`  ${name}: not usable here: ${reason ?? ''}`];
    const kinds = variants.length > 0 ? `: ${variants.join(', ')}` : '';
    const gigabytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);
    return [
      ...(devices.length === 0 || kinds !== '' ? [`  ${name}${kinds}`] : []),
      ...devices.map((d) => `  ${d.name}: ${d.description}, ${gigabytes(d.freeMemory)} of ${gigabytes(d.memory)} GiB free${d.software ? ' (played by the CPU)' : ''}`),
    ];
  });
  return [packageVersion(), 'backends:', ...lines, `MPI: ${mpi()}`].join('\n');
}

/** `-ngl 99`, which yargs would take for -n, -g and -l. */
const spelledOut = (word: string): string => word.replace(/^-ngl(?==|$)/, '--gpu-layers');

async function main(words: string[]): Promise<void> {
  const alone = words[0] === 'build';
  const version = words[0] === '--version' ? fullVersion() : packageVersion();
  await parser(words.map(spelledOut), alone ? [] : commands(), version).parseAsync();
}

leaveQuietlyWithReader();
main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`llama-ts: ${explain(error)}\n`);
  process.exitCode = 1;
});
