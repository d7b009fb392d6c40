import type { CommandModule } from 'yargs';

import { inspectModel, type FileInfo, type MetadataValue, type TensorInfo } from '../../lib';
import type { Flags } from '../flags';
import { jsonLine } from '../json';
import { hubFlags, hubOptions } from '../model-name';
import { print } from '../screen';

function brief(value: MetadataValue): string {
  if (Array.isArray(value)) return `${value.slice(0, 4).map(brief).join(', ')}${value.length > 4 ? `, ... (${value.length})` : ''}`;
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

function byType(tensors: readonly TensorInfo[]): string {
  const counts = new Map<string, number>();
  for (const { type } of tensors) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].map(([type, n]) => `${n} ${type}`).join(', ');
}

function table(info: FileInfo): string {
  const width = Math.max(...[...info.metadata.keys()].map((k) => k.length), ...info.tensors.map((t) => t.name.length), 0);
  const lines = [
    `${info.path}: GGUF ${info.version}, ${info.bytes} bytes${info.parts > 1 ? ` in ${info.parts} parts` : ''}`,
    `${info.tensors.length} tensors (${byType(info.tensors)}), ${info.parameters} parameters, ${info.tensorBytes} bytes`,
    '',
    ...[...info.metadata].map(([key, value]) => `${key.padEnd(width)}  ${brief(value)}`),
    '',
    ...info.tensors.map((t) => `${t.name.padEnd(width)}  ${t.type.padEnd(6)}  ${t.shape.join(' x ').padEnd(16)}  ${t.bytes}`),
  ];
  return `${lines.join('\n')}\n`;
}

function json(info: FileInfo): string {
  return jsonLine({ ...info, metadata: Object.fromEntries(info.metadata) });
}

async function inspect(flags: Flags): Promise<void> {
  const info = await inspectModel(flags.file as string, hubOptions(flags));
  await print(flags.json === true ? json(info) : table(info));
}

const command: CommandModule = {
  command: 'inspect <file>',
  describe: "show a GGUF file's metadata and tensors",
  builder: (yargs) =>
    hubFlags(
      yargs.positional('file', {
        type: 'string',
        describe: 'GGUF file, of a split model the first; or a name such as hf:USER/REPO:QUANT, of which the header alone is fetched',
      }),
    ).options({ json: { type: 'boolean', describe: 'print everything as JSON' } }),
  handler: (flags) => inspect(flags),
};

export default command;
