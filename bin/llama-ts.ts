#!/usr/bin/env node
// llama-ts COMMAND: one yargs command a file in commands/. Help, completion and `build` work where the compiled addon is missing.
import yargs, { type Argv, type CommandModule } from 'yargs';

import { readWords, unmarked } from './arguments';
import { programOf } from './catalog';
import { completion } from './commands/completion';
import { loadLibLate } from './late-lib';
import { explain, leaveQuietlyWithReader } from './screen';

function commands(): CommandModule[] {
  loadLibLate();
  const all = [
    require('./commands/run') as { default: CommandModule },
    require('./commands/chat') as { default: CommandModule },
    require('./commands/serve') as { default: CommandModule },
    require('./commands/top') as { default: CommandModule },
    require('./commands/pull') as { default: CommandModule },
    require('./commands/ls') as { default: CommandModule },
    require('./commands/show') as { default: CommandModule },
    require('./commands/rm') as { default: CommandModule },
    require('./commands/ps') as { default: CommandModule },
    require('./commands/infill') as { default: CommandModule },
    require('./commands/tokenize') as { default: CommandModule },
    require('./commands/apply-template') as { default: CommandModule },
    require('./commands/parse') as { default: CommandModule },
    require('./commands/grammar') as { default: CommandModule },
    require('./commands/inspect') as { default: CommandModule },
    require('./commands/convert') as { default: CommandModule },
    require('./commands/gguf') as { default: CommandModule },
    require('./commands/logits') as { default: CommandModule },
    require('./commands/embed') as { default: CommandModule },
    require('./commands/rerank') as { default: CommandModule },
    require('./commands/bench') as { default: CommandModule },
    require('./commands/perplexity') as { default: CommandModule },
    require('./commands/imatrix') as { default: CommandModule },
    require('./commands/build') as { default: CommandModule },
  ].map((m) => m.default);
  return [...all, completion(all)];
}

function parser(words: readonly string[], known: readonly CommandModule[], version: string): Argv {
  return yargs([...words])
    .scriptName('llama-ts')
    .usage('$0 COMMAND\n\nRuns large language models. llama-ts COMMAND --help lists the flags of a command.')
    .command([...known])
    .parserConfiguration({ 'short-option-groups': false, 'dot-notation': false, 'parse-numbers': false }) // a number 1 given last would count up
    .middleware((argv) => void Object.assign(argv, Object.fromEntries(Object.entries(argv).map(([name, value]) => [name, unmarked(value)]))), true)
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

/** What is compiled in, and what of it can be used here. */
function backendLines(): string[] {
  const { backends, mpi } = require('../lib') as typeof import('../lib');
  const lines = backends().flatMap(({ name, usable, reason, variants, devices }) => {
    if (!usable) return [`  ${name}: not usable here: ${reason ?? ''}`];
    const kinds = variants.length > 0 ? `: ${variants.join(', ')}` : '';
    const gigabytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);
    return [
      ...(devices.length === 0 || kinds !== '' ? [`  ${name}${kinds}`] : []),
      ...devices.map(
        (d) => `  ${d.name}: ${d.description}, ${gigabytes(d.freeMemory)} of ${gigabytes(d.memory)} GiB free${d.software ? ' (played by the CPU)' : ''}`,
      ),
    ];
  });
  return ['backends:', ...lines, `MPI: ${mpi()}`];
}

/** The version, and what is compiled in; where no addon loads, why. */
function fullVersion(): string {
  try {
    return [packageVersion(), ...backendLines()].join('\n');
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'BINARY') throw error;
    return `${packageVersion()}\nbackends: none: ${explain(error)}`;
  }
}

async function main(words: readonly string[]): Promise<void> {
  const known = commands();
  const version = words[0] === '--version' ? fullVersion() : packageVersion();
  await parser(readWords(programOf(known), words), known, version).parseAsync();
}

leaveQuietlyWithReader();
main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`llama-ts: ${explain(error)}\n`);
  process.exitCode = 1;
});
