import type { CommandModule } from 'yargs';

import type { ChatOptions, Model } from '../../lib';
import { Approval } from '../approval';
import { messageOf, type Session } from '../chat-commands';
import { ChatSettings } from '../chat-settings';
import { Conversation, type Answer } from '../conversation';
import { readEscapes } from '../escapes';
import { generateFlags, loadFlags, numeric, word, words, type Flags } from '../flags';
import { adapterFlags } from '../adapters';
import { modelNameFlags } from '../model-name';
import { History, historyPath } from '../history';
import { notEmpty, readText } from '../input';
import { Interrupt, interrupted } from '../interrupt';
import { load } from '../load';
import { McpTools } from '../mcp';
import { PromptLines } from '../prompt-lines';
import { explain, note, print } from '../screen';
import { timings } from '../stream';

class ChatSession implements Session {
  readonly conversation: Conversation;
  readonly settings: ChatSettings;
  #left = false;
  #lines: PromptLines | undefined;
  readonly #approval: Approval;

  constructor(
    model: Model,
    private readonly flags: Flags,
    private readonly interrupt: Interrupt,
    system: string | undefined,
    setting: ChatOptions,
    private readonly mcp: McpTools | undefined,
  ) {
    this.#approval = new Approval((flags.mcpAllow as readonly string[] | undefined) ?? [], (question, signal) => this.#ask(question, signal));
    const tools = { ...setting.tools, ...(mcp && this.#approval.guard(mcp.tools)) };
    this.conversation = new Conversation(model, system, { ...setting, ...(Object.keys(tools).length > 0 && { tools }) });
    this.settings = new ChatSettings(flags, model);
  }

  readonly leave = (): void => {
    this.#left = true;
  };

  readonly answer = async (run: (signal: AbortSignal) => Promise<Answer | undefined>): Promise<void> => {
    const answer = await run(this.interrupt.arm());
    if (!answer) return;
    if (!answer.text.endsWith('\n')) await print('\n');
    if (answer.result) {
      if (this.flags.verbose === true) timings(answer.result);
    } else if (process.stdin.isTTY !== true) {
      process.exitCode = interrupted;
      this.#left = true; // the lines that follow were written for an answer that did not come
    }
  };

  get toolLines(): string[] {
    const all = Object.entries(this.mcp?.servers ?? {});
    return all.flatMap(([server, names]) => [
      `${server}:`,
      ...names.map((name) => `  ${name}${this.#approval.always(name) ? ' (runs without a question)' : ''}  ${this.mcp?.tools[name]?.description ?? ''}`),
    ]);
  }

  /** Where no lines are read, some are for the question alone. */
  async #ask(question: string, signal: AbortSignal): Promise<string | undefined> {
    if (this.#lines) return this.#lines.ask(question, signal);
    const lines = new PromptLines(this.interrupt, undefined);
    try {
      return await lines.ask(question, signal);
    } finally {
      lines.end();
    }
  }

  say(text: string): Promise<void> {
    return this.answer((signal) => this.conversation.say(text, { ...this.settings.options, signal }));
  }

  /** Says what is given, then reads and answers until the input ends. */
  async hold(lines: PromptLines, first: string | undefined): Promise<void> {
    this.#lines = lines;
    if (first !== undefined) await this.say(first);
    let read = false;
    while (!this.#left) {
      const line = await lines.next();
      if (line === undefined) break;
      if (line.trim() === '') continue;
      read = true;
      await this.#take(line, lines.terminal);
    }
    if (!read && !lines.terminal && this.flags.prompt === undefined) notEmpty('', 'standard input');
  }

  // At a terminal what fails is told, and the chat goes on; for a script it ends, but for commands that can be left out.
  async #take(line: string, terminal: boolean): Promise<void> {
    try {
      const message = await messageOf(line, this);
      if (typeof message === 'string') await this.say(message);
      else if (!message && !terminal) process.exitCode = 1;
    } catch (error) {
      if (!terminal) throw error;
      note(`llama-ts: ${explain(error)}`);
    }
  }
}

const text = (flags: Flags, name: string): string | undefined => {
  const given = flags[name];
  return typeof given !== 'string' || flags.escape !== true ? (given as string | undefined) : readEscapes(given, `--${name}`);
};

async function systemOf(flags: Flags): Promise<string | undefined> {
  const path = flags.systemPromptFile as string | undefined;
  return path === undefined ? text(flags, 'system') : readText(path);
}

const choices = ['auto', 'none', 'required'] as const;

/** The template, its variables, the tools and the reasoning that flags ask for. */
async function settingOf(flags: Flags): Promise<ChatOptions> {
  const { chatTemplate, chatTemplateFile, chatTemplateKwargs, tools, toolChoice, reasoningBudget, reasoningEffort } = flags;
  const reasoning = {
    ...(typeof reasoningBudget === 'number' && reasoningBudget >= 0 && { budget: reasoningBudget }),
    ...(typeof reasoningEffort === 'string' && { effort: reasoningEffort }),
  };
  return {
    ...(typeof chatTemplate === 'string' && { template: chatTemplate }),
    ...(typeof chatTemplateFile === 'string' && { template: await readText(chatTemplateFile) }),
    ...(typeof chatTemplateKwargs === 'string' && { variables: objectIn(chatTemplateKwargs, '--chat-template-kwargs') }),
    ...(typeof tools === 'string' && { tools: toolsIn(await readText(tools), tools) }),
    ...(typeof toolChoice === 'string' && { toolChoice: choices.find((choice) => choice === toolChoice) ?? { name: toolChoice } }),
    ...(Object.keys(reasoning).length > 0 && { reasoning }),
  };
}

function objectIn(text: string, where: string): Record<string, unknown> {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch (error) {
    throw new Error(`${where}: expected an object as JSON: ${(error as Error).message}`);
  }
  if (typeof found !== 'object' || found === null) throw new Error(`${where}: expected an object as JSON, found ${text.slice(0, 40)}`);
  return found as Record<string, unknown>;
}

/** Tools as OpenAI's API lists them. Nothing runs them here: the model's calls are shown. */
function toolsIn(text: string, path: string): NonNullable<ChatOptions['tools']> {
  const list = objectIn(text, path);
  if (!Array.isArray(list)) throw new Error(`${path}: expected a list of tools`);
  return Object.fromEntries(
    list.map((each: unknown) => {
      const { function: inner = each } = (each ?? {}) as { function?: unknown };
      const { name, description = '', parameters = {} } = (inner ?? {}) as { name?: unknown; description?: string; parameters?: object };
      if (typeof name !== 'string') throw new Error(`${path}: expected tools, each with a name`);
      return [name, { description, parameters: parameters as Record<string, unknown> }];
    }),
  );
}

async function chat(flags: Flags): Promise<void> {
  if (flags.conversation === false) throw new Error('-no-cnv is not an option of llama-ts chat: llama-ts run continues a text');
  const interrupt = new Interrupt();
  const prompt = text(flags, 'prompt');
  if (prompt !== undefined) notEmpty(prompt, '--prompt');
  const setting = await settingOf(flags);
  const system = await systemOf(flags);
  await using mcp = await McpTools.of(flags, interrupt.arm());
  const twice = Object.keys(mcp?.tools ?? {}).find((name) => setting.tools && Object.hasOwn(setting.tools, name));
  if (twice !== undefined) throw new Error(`--tools: ${twice} is also a tool of an MCP server: leave one of the two out`);
  await using model = await load(flags, 'chat', interrupt.arm());
  const session = new ChatSession(model, flags, interrupt, system, setting, mcp);
  if (prompt !== undefined && flags.singleTurn === true) {
    await session.say(prompt); // before the model is disposed
    return;
  }
  const lines = new PromptLines(interrupt, process.stdin.isTTY === true && flags.history !== false ? new History(historyPath()) : undefined);
  try {
    await session.hold(lines, prompt);
  } finally {
    lines.end();
  }
}

const command: CommandModule = {
  command: 'chat',
  describe: 'hold a conversation; /help lists what can be done in it',
  builder: (yargs) =>
    generateFlags(
      modelNameFlags(adapterFlags(loadFlags(yargs))).options({
        prompt: word('first message to send', ['p']),
        system: word('system message: what the model is told before the conversation', ['sys', 'system-prompt'], { conflicts: 'system-prompt-file' }),
        'system-prompt-file': word('file with the system message', ['sysf']),
        'single-turn': { type: 'boolean', describe: 'end after the answer to --prompt', implies: 'prompt', alias: 'st' },
        'chat-template': word("name of a chat template: one of the model file's, chatml, llama3, ...", [], { conflicts: 'chat-template-file' }),
        'chat-template-file': word("file with a Jinja template in place of the model's"),
        'chat-template-kwargs': word('variables of the template: a JSON object'),
        tools: word('file with tools to offer: a JSON list; the calls of the model are shown'),
        'tool-choice': word('which tool is called: auto (default), none, required (one of them, first), or one by its name'),
        mcp: words('command that starts an MCP server, whose tools are offered and run; may be given several times'),
        'mcp-config': word('file with MCP servers: JSON with "mcpServers", as other programs have it'),
        'mcp-allow': words('tool of an MCP server that runs without a question, or all; may be given several times'),
        'reasoning-budget': numeric('reasoning-budget', 'tokens of reasoning at most; 0 asks for none (default: -1, any number)'),
        'reasoning-effort': word('how much the model reasons, where its template asks: none, low, medium, high, ...'),
        history: { type: 'boolean', default: true, describe: 'remember typed lines for the next session; --no-history turns this off' },
        conversation: { type: 'boolean', hidden: true, alias: 'cnv' }, // -cnv is what this command does
      }),
    ),
  handler: (flags) => chat(flags),
};

export default command;
