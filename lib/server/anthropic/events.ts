// A message as a stream: its blocks one behind the other, numbered without gaps.
import { bodyOf, type ApiError } from '../failure';
import type { Answer, Choice, Heard } from '../inner';
import { event, type Talk } from '../stream';
import { signature, stopReason, usageOf } from './messages';

type Kind = 'text' | 'thinking' | 'tool_use';

/** Tells a message. */
export class MessageTalk implements Talk {
  readonly type = 'text/event-stream';
  readonly ping = event({ type: 'ping' }, 'ping');
  #index = -1;
  #open: Kind | undefined;

  constructor(
    private readonly head: Readonly<Record<string, unknown>>,
    private readonly promptTokens: number,
    private readonly requestId: string,
    private readonly ended: (choice: Choice) => void,
  ) {}

  begin(): string {
    const usage = { input_tokens: this.promptTokens, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 0 };
    return this.#event('message_start', { message: { ...this.head, usage } });
  }

  heard(heard: Heard): string {
    switch (heard.type) {
      case 'text':
        return this.#in('text', { type: 'text', text: '' }) + this.#delta({ type: 'text_delta', text: heard.text });
      case 'reasoning':
        return this.#in('thinking', { type: 'thinking', thinking: '', signature: '' }) + this.#delta({ type: 'thinking_delta', thinking: heard.text });
      case 'callStart':
        return this.#close() + this.#in('tool_use', { type: 'tool_use', id: heard.id, name: heard.name, input: {} });
      case 'callArguments':
        return this.#delta({ type: 'input_json_delta', partial_json: heard.text });
      case 'end':
        return (this.#index < 0 ? this.#in('text', { type: 'text', text: '' }) : '') + this.#close();
      default:
        return '';
    }
  }

  /** What opens a block, where another one is open or none. */
  #in(kind: Kind, block: unknown): string {
    if (this.#open === kind) return '';
    const before = this.#close();
    this.#open = kind;
    this.#index++;
    return before + this.#event('content_block_start', { index: this.#index, content_block: block });
  }

  #delta(delta: unknown): string {
    return this.#event('content_block_delta', { index: this.#index, delta });
  }

  #close(): string {
    const open = this.#open;
    if (open === undefined) return '';
    const signed = open === 'thinking' ? this.#delta({ type: 'signature_delta', signature }) : '';
    this.#open = undefined;
    return signed + this.#event('content_block_stop', { index: this.#index });
  }

  #event(type: string, fields: Readonly<Record<string, unknown>>): string {
    return event({ type, ...fields }, type);
  }

  end(answered: Answer): string {
    const [choice] = answered.choices;
    if (!choice) throw new Error('an answer has a choice');
    this.ended(choice);
    return this.#event('message_delta', { delta: stopReason(choice), usage: usageOf(answered) }) + this.#event('message_stop', {});
  }

  fail(error: ApiError): string {
    return event(bodyOf('anthropic', error, this.requestId), 'error');
  }
}
