import { createInterface, type Interface } from 'node:readline';
import type { CommandModule } from 'yargs';

import type { Chat, GenerateOptions } from '../../lib';
import { generateFlags, generateOptions, loadFlags, word, type Flags } from '../flags';
import { readText } from '../input';
import { Interrupt, interrupted } from '../interrupt';
import { load } from '../load';
import { note, print } from '../screen';
import { stream, timings } from '../stream';

class Conversation {
  readonly #lines: Interface;
  readonly #iterator: AsyncIterator<string>;

  constructor(
    private readonly chat: Chat,
    private readonly interrupt: Interrupt,
    private readonly options: GenerateOptions,
    private readonly verbose: boolean,
  ) {
    const terminal = process.stdin.isTTY && process.stderr.isTTY;
    this.#lines = createInterface({ input: process.stdin, output: process.stderr, terminal, prompt: terminal ? '> ' : '' });
    this.#lines.on('SIGINT', () => interrupt.press());
    this.#iterator = this.#lines[Symbol.asyncIterator]();
  }

  /** Reads and answers until the input ends. */
  async hold(): Promise<void> {
    for (;;) {
      this.#waitAtPrompt();
      const { done, value } = await this.#iterator.next();
      if (done || value.trim() === '/bye') return;
      if (value.trim() !== '') await this.say(value);
    }
  }

  // At the prompt nothing runs: the first Ctrl-C says how to leave.
  #waitAtPrompt(): void {
    this.interrupt.arm().addEventListener('abort', () => {
      note('\n(Ctrl-C once more, or /bye, leaves)');
      this.#lines.prompt();
    });
    this.#lines.prompt();
  }

  async say(text: string): Promise<void> {
    try {
      const result = await stream(this.chat.send(text, { ...this.options, signal: this.interrupt.arm() }));
      await print('\n');
      if (this.verbose) timings(result);
    } catch (error) {
      if (!this.interrupt.pressed) throw error;
      await print('\n');
      process.exitCode = process.stdin.isTTY ? undefined : interrupted;
    }
  }

  end(): void {
    this.#lines.close();
  }
}

async function chat(flags: Flags): Promise<void> {
  const interrupt = new Interrupt();
  const options = generateOptions(flags);
  const template = typeof flags.chatTemplateFile === 'string' ? await readText(flags.chatTemplateFile) : undefined;
  const system = typeof flags.system === 'string' ? flags.system : undefined;
  await using model = await load(flags, 'chat', interrupt.arm());
  const held = model.chat({ ...(system !== undefined && { system }), ...(template !== undefined && { template }) });
  const conversation = new Conversation(held, interrupt, options, flags.verbose === true);
  try {
    if (typeof flags.prompt === 'string') await conversation.say(flags.prompt);
    if (flags.singleTurn !== true) await conversation.hold();
  } finally {
    conversation.end();
  }
}

const command: CommandModule = {
  command: 'chat',
  describe: 'hold a conversation; /bye leaves',
  builder: (yargs) =>
    generateFlags(
      loadFlags(yargs).options({
        prompt: word('what to say first', ['p']),
        system: word('what the model is told before the conversation', ['system-prompt']),
        'single-turn': { type: 'boolean', describe: 'end after the answer to --prompt', implies: 'prompt' },
        'chat-template-file': word("Jinja template in place of the model's"),
      }),
    ),
  handler: (flags) => chat(flags),
};

export default command;
