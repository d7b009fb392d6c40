import type { CommandModule } from 'yargs';

import { applyTemplate, chatTemplates, type OfferedTool } from '../../lib';
import { word, type Flags } from '../flags';
import { readText } from '../input';
import { print } from '../screen';

/** The JSON of a file, of a kind. */
async function jsonOf<T>(path: string, what: string, is: (value: unknown) => boolean): Promise<T> {
  return checked<T>(await readText(path), path, what, is);
}

function checked<T>(text: string, where: string, what: string, is: (value: unknown) => boolean): T {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new Error(`${where}: expected ${what} as JSON: ${(error as Error).message}`);
  }
  if (!is(found)) throw new Error(`${where}: expected ${what}, found other JSON`);
  return found as T;
}

const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);

interface Template {
  readonly source: string;
  readonly bosToken: string;
  readonly eosToken: string;
}

async function templateOf({ model, chatTemplateFile, chatTemplate, bosToken, eosToken }: Flags, tools: boolean): Promise<Template> {
  const given = { ...(typeof bosToken === 'string' && { bosToken }), ...(typeof eosToken === 'string' && { eosToken }) };
  if (typeof model !== 'string') {
    if (typeof chatTemplateFile !== 'string') throw new Error('expected a template: give -m FILE.gguf or --chat-template-file FILE');
    return { source: await readText(chatTemplateFile), bosToken: '', eosToken: '', ...given };
  }
  const own = await chatTemplates(model);
  const chosen = typeof chatTemplate === 'string' ? own.templates[chatTemplate] : ((tools ? own.templates.tool_use : undefined) ?? own.templates.default);
  const source = typeof chatTemplateFile === 'string' ? await readText(chatTemplateFile) : chosen;
  if (source === undefined) {
    const names = Object.keys(own.templates).join(', ') || 'none';
    throw new Error(
      `${model}: expected the template ${typeof chatTemplate === 'string' ? chatTemplate : 'default'}, found ${names}: give --chat-template-file FILE`,
    );
  }
  return { source, bosToken: own.bosToken, eosToken: own.eosToken, ...given };
}

async function apply(flags: Flags): Promise<void> {
  const messages = await jsonOf<Record<string, unknown>[]>(flags.messages as string, 'a list of messages', Array.isArray);
  const tools = typeof flags.tools === 'string' ? await jsonOf<OfferedTool[]>(flags.tools, 'a list of tools', Array.isArray) : null;
  const variables = typeof flags.variables === 'string' ? checked<Record<string, unknown>>(flags.variables, '--variables', 'an object', isObject) : {};
  const { source, bosToken, eosToken } = await templateOf(flags, tools !== null);
  const now = typeof flags.now === 'string' ? { now: new Date(flags.now) } : {};
  await print(applyTemplate(source, messages, { tools, variables, addGenerationPrompt: flags.addGenerationPrompt === true, bosToken, eosToken, ...now }));
}

const command: CommandModule = {
  command: 'apply-template',
  describe: 'print what a chat template makes of a conversation',
  builder: (yargs) =>
    yargs.options({
      model: word('GGUF file or folder whose template, begin and end token are taken', ['m']),
      'chat-template': word('name of one of the file\'s templates (default: tool_use with --tools where there is one, else "default")', [], {
        implies: 'model',
      }),
      'chat-template-file': word("file with a Jinja template, in place of the model's"),
      'bos-token': word('text of the begin token (default: of the model)'),
      'eos-token': word('text of the end token (default: of the model)'),
      messages: word('file with the messages: a JSON list, as templates take them', [], { demandOption: true }),
      tools: word('file with the tools that are offered: a JSON list'),
      variables: word('variables of the template: a JSON object'),
      'add-generation-prompt': { type: 'boolean', describe: "end with the beginning of the model's answer" },
      now: word('date and time that the template is told, as 2026-01-15T10:30:00 (default: the present)'),
    }),
  handler: (flags) => apply(flags),
};

export default command;
