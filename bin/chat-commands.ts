// What can be typed at the chat's prompt beside messages: /help and the like.
import type { ChatSettings } from './chat-settings';
import type { Answer, Conversation } from './conversation';
import { explain, note } from './screen';

/** What a command works on. */
export interface Session {
  readonly conversation: Conversation;
  readonly settings: ChatSettings;
  /** The tools of MCP servers, a line each. */
  readonly toolLines: readonly string[];
  /** Runs an answer, and prints what it took where that was asked for. */
  answer(run: (signal: AbortSignal) => Promise<Answer | undefined>): Promise<void>;
  leave(): void;
}

interface ChatCommand {
  readonly names: readonly string[];
  readonly argument?: string;
  readonly describe: string;
  /** Throws an Error that says what is wrong. */
  readonly run: (session: Session, argument: string) => void | Promise<void>;
}

const counted = ({ messages }: Conversation): string => `${messages.length} message${messages.length === 1 ? '' : 's'}`;

function needed(argument: string, what: string): string {
  if (argument === '') throw new Error(`expected ${what} after it`);
  return argument;
}

const commands: readonly ChatCommand[] = [
  { names: ['help', '?'], describe: 'show this list', run: () => note(help()) },
  {
    names: ['clear'],
    describe: 'start over, with the same system message',
    run: ({ conversation }) => {
      conversation.clear();
      note('conversation cleared');
    },
  },
  {
    names: ['regen'],
    describe: 'answer the last message again',
    run: ({ conversation, settings, answer }) =>
      answer(async (signal) => {
        const again = await conversation.regenerate({ ...settings.options, signal });
        if (!again) throw new Error('nothing has been said yet');
        return again;
      }),
  },
  {
    names: ['undo'],
    describe: 'remove the last message and its answer',
    run: ({ conversation }) => {
      const said = conversation.undo();
      if (said === undefined) throw new Error('nothing has been said yet');
      note(`removed: ${said.length > 60 ? `${said.slice(0, 57)}...` : said}`);
    },
  },
  {
    names: ['save'],
    argument: 'FILE',
    describe: 'write the conversation to a file',
    run: ({ conversation }, path) => {
      conversation.save(needed(path, 'a file'));
      note(`${path}: ${counted(conversation)}`);
    },
  },
  {
    names: ['load'],
    argument: 'FILE',
    describe: 'continue the conversation in a file',
    run: ({ conversation }, path) => {
      conversation.load(needed(path, 'a file'));
      note(`${path}: ${counted(conversation)}`);
    },
  },
  {
    names: ['system'],
    argument: 'TEXT',
    describe: 'set the system message; without TEXT, show it',
    run: ({ conversation }, text) => {
      if (text !== '') conversation.system = text;
      note(conversation.system === undefined ? 'no system message' : `system message: ${conversation.system}`);
    },
  },
  {
    names: ['set'],
    argument: 'NAME VALUE',
    describe: 'change a flag, such as temp 0.5; without NAME, show what is set',
    run: async ({ settings }, argument) => {
      const [, name = '', value = ''] = /^(\S*)\s*([\s\S]*)$/.exec(argument) ?? [];
      if (name !== '') await settings.set(name, needed(value, `NAME VALUE, such as temp 0.5, found "${name}" alone: a value`));
      note(`set:\n${settings.show()}`);
    },
  },
  {
    names: ['tools'],
    describe: 'list the tools of MCP servers',
    run: ({ toolLines }) => note(toolLines.length > 0 ? toolLines.join('\n') : 'no tools: llama-ts chat --mcp COMMAND offers those of a server'),
  },
  { names: ['exit', 'quit', 'bye'], describe: 'leave, as Ctrl-D does', run: ({ leave }) => leave() },
];

function help(): string {
  const lines = commands.map(({ names, argument, describe }) => [`/${names[0]}${argument === undefined ? '' : ` ${argument}`}`, describe] as const);
  const more = [
    ['//TEXT', 'send /TEXT: a message that begins with a slash'],
    ['...\\', 'a line that ends in a backslash continues on the next line'],
    ['Ctrl-C', 'stop the answer, keeping what was shown; press it twice to leave'],
  ] as const;
  return [...lines, ...more].map(([left, right]) => `  ${left.padEnd(18)}${right}`).join('\n');
}

/** The message that a line is; undefined where it was a command, which has run. Gives false where the command failed. */
export async function messageOf(line: string, session: Session): Promise<string | boolean> {
  if (!line.startsWith('/')) return line;
  if (line.startsWith('//')) return line.slice(1);
  const [, name = '', argument = ''] = /^\/(\S*)\s*([\s\S]*)$/.exec(line) ?? [];
  const command = commands.find((c) => c.names.includes(name));
  if (!command) {
    note(`unknown command /${name}: /help lists them; a message that begins with a slash is written with two, //${name}`);
    return false;
  }
  try {
    await command.run(session, argument.trim());
    return true;
  } catch (error) {
    note(`/${name}: ${explain(error)}`);
    return false;
  }
}
