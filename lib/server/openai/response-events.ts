// A response as a stream of events: each item is added, told in pieces and done, one behind the other.
import type { ApiError } from '../failure';
import { newId, type Answer, type Heard, type Logprob } from '../inner';
import { comment, event, type Talk } from '../stream';
import { callItem, messageItem, reasoningItem, textPart, type ItemStatus } from './response-items';
import { contentLogprobs } from './usage';

type Fields = Readonly<Record<string, unknown>>;

/** An item that is being told. */
type Open = { readonly id: string; readonly index: number } & (
  | { readonly type: 'message'; text: string; logprobs: Logprob[] }
  | { readonly type: 'reasoning'; text: string }
  | { readonly type: 'call'; readonly call: number; readonly callId: string; readonly name: string; text: string }
);

/** Tells a response. */
export class ResponseTalk implements Talk {
  readonly type = 'text/event-stream';
  readonly ping = comment;
  #number = 0;
  #open: Open | undefined;
  readonly #done: unknown[] = [];
  #cut = false;

  constructor(
    private readonly begun: Fields,
    private readonly ended: (answer: Answer, output: readonly unknown[]) => Fields,
  ) {}

  begin(): string {
    return this.#event('response.created', { response: this.begun }) + this.#event('response.in_progress', { response: this.begun });
  }

  heard(heard: Heard): string {
    switch (heard.type) {
      case 'text':
        return this.#text(heard.text, heard.logprobs ?? []);
      case 'reasoning':
        return this.#reasoning(heard.text);
      case 'callStart':
        return this.#callStart(heard.index, heard.id, heard.name);
      case 'callArguments':
        return this.#callArguments(heard.text);
      case 'callEnd':
        return this.#close('completed');
      case 'end': {
        this.#cut = heard.of.finish === 'length';
        const silent = this.#done.length === 0 && this.#open === undefined;
        const begun = silent ? this.#text('', heard.logprobs ?? []) : '';
        return begun + this.#close(this.#cut ? 'incomplete' : 'completed');
      }
      default:
        return '';
    }
  }

  #text(text: string, logprobs: readonly Logprob[]): string {
    let before = '';
    if (this.#open?.type !== 'message') {
      before = this.#close('completed');
      const open = { type: 'message' as const, id: `msg_${newId()}`, index: this.#done.length, text: '', logprobs: [] };
      this.#open = open;
      before += this.#added(messageItem(open.id, '', 'in_progress'));
      before += this.#event('response.content_part.added', { ...this.#place(), content_index: 0, part: textPart('') });
    }
    const open = this.#open as Open & { type: 'message' };
    open.text += text;
    open.logprobs.push(...logprobs);
    if (text === '') return before;
    return before + this.#event('response.output_text.delta', { ...this.#place(), content_index: 0, delta: text, logprobs: contentLogprobs(logprobs) });
  }

  #reasoning(text: string): string {
    let before = '';
    if (this.#open?.type !== 'reasoning') {
      before = this.#close('completed');
      this.#open = { type: 'reasoning', id: `rs_${newId()}`, index: this.#done.length, text: '' };
      before += this.#added(reasoningItem(this.#open.id, ''));
      before += this.#event('response.content_part.added', { ...this.#place(), content_index: 0, part: { type: 'reasoning_text', text: '' } });
    }
    const open = this.#open as Open & { type: 'reasoning' };
    open.text += text;
    return before + this.#event('response.reasoning_text.delta', { ...this.#place(), content_index: 0, delta: text });
  }

  #callStart(call: number, callId: string, name: string): string {
    const before = this.#close('completed');
    this.#open = { type: 'call', id: `fc_${newId()}`, index: this.#done.length, call, callId, name, text: '' };
    return before + this.#added(this.#itemOf(this.#open, 'in_progress'));
  }

  #callArguments(text: string): string {
    if (this.#open?.type !== 'call') return '';
    this.#open.text += text;
    return this.#event('response.function_call_arguments.delta', { ...this.#place(), delta: text });
  }

  #added(item: unknown): string {
    return this.#event('response.output_item.added', { output_index: this.#open?.index ?? 0, item });
  }

  #place(): Fields {
    return { item_id: this.#open?.id ?? '', output_index: this.#open?.index ?? 0 };
  }

  #itemOf(open: Open, status: ItemStatus): Fields {
    if (open.type === 'message') return messageItem(open.id, open.text, status, open.logprobs);
    if (open.type === 'reasoning') return reasoningItem(open.id, open.text);
    return callItem(open.id, { id: open.callId, name: open.name, arguments: open.text }, status);
  }

  /** What is to be told of the end of the item that is open. */
  #close(status: ItemStatus): string {
    const open = this.#open;
    if (!open) return '';
    const place = this.#place();
    const item = this.#itemOf(open, status);
    this.#open = undefined;
    this.#done.push(item);
    const done = this.#event('response.output_item.done', { output_index: open.index, item }, this.#last(open, place));
    return done;
  }

  // The events before `output_item.done`, which number before it.
  #last(open: Open, place: Fields): string {
    if (open.type === 'call') return this.#event('response.function_call_arguments.done', { ...place, name: open.name, arguments: open.text });
    const of = { ...place, content_index: 0 };
    if (open.type === 'reasoning')
      return (
        this.#event('response.reasoning_text.done', { ...of, text: open.text }) +
        this.#event('response.content_part.done', { ...of, part: { type: 'reasoning_text', text: open.text } })
      );
    return (
      this.#event('response.output_text.done', { ...of, text: open.text, logprobs: contentLogprobs(open.logprobs) }) +
      this.#event('response.content_part.done', { ...of, part: textPart(open.text, open.logprobs) })
    );
  }

  #event(type: string, fields: Fields, before = ''): string {
    return before + event({ type, sequence_number: this.#number++, ...fields }, type);
  }

  end(answered: Answer): string {
    const response = this.ended(answered, this.#done);
    return this.#event(this.#cut ? 'response.incomplete' : 'response.completed', { response });
  }

  fail(error: ApiError): string {
    const failed = { ...this.begun, status: 'failed', error: { code: error.code ?? 'server_error', message: error.message }, output: this.#done };
    return this.#event('response.failed', { response: failed });
  }
}
