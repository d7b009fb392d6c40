// An answer told while it is made, in the words of an API.
import { sent, type Call } from './call';
import { failureOf, Gone, type ApiError } from './failure';
import { answer, type Answer, type Ask, type Heard } from './inner';
import { Outlet } from './outlet';

/** How an API tells an answer. What is '' is not written. */
export interface Talk {
  readonly type: 'text/event-stream' | 'application/x-ndjson';
  /** Written while there is nothing to say. */
  readonly ping: string;
  /** What comes before everything else. */
  begin(): string;
  heard(heard: Heard): string;
  end(answer: Answer): string;
  /** A failure behind the beginning. */
  fail(error: ApiError): string;
}

/** A server-sent event. */
export const event = (data: unknown, name?: string): string => `${name === undefined ? '' : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;

/** A comment, which readers skip. */
export const comment = ': ping\n\n';

/** What a stream tells: what is heard, and its end. */
type Word = { readonly heard: Heard } | { readonly answered: Answer } | { readonly failed: ApiError };

/** Pieces of one text that came since the last write, as one. */
function merged(one: Heard, next: Heard): Heard | undefined {
  if (one.type === 'reasoning' && next.type === 'reasoning') return { ...one, text: one.text + next.text };
  if (one.type === 'callArguments' && next.type === 'callArguments' && one.index === next.index) return { ...one, text: one.text + next.text };
  if (one.type !== 'text' || next.type !== 'text') return undefined;
  const logprobs = one.logprobs && next.logprobs && [...one.logprobs, ...next.logprobs];
  return { ...one, text: one.text + next.text, ids: [...one.ids, ...next.ids], logprobs };
}

/** The words of an API for what is said; exported for its test. */
export function teller(talk: Talk): (said: readonly Word[]) => string {
  let begun = false;
  const begin = (): string => {
    if (begun) return '';
    begun = true;
    return talk.begin();
  };
  const told = (heard: Heard | undefined): string => (heard ? begin() + talk.heard(heard) : '');
  return (said) => {
    let text = '';
    const held = new Map<number, Heard>(); // by choice: their parts come in turns
    const flush = (): void => {
      for (const heard of held.values()) text += told(heard);
      held.clear();
    };
    for (const word of said) {
      if ('heard' in word) {
        const { heard } = word;
        const before = held.get(heard.choice);
        const both = before && merged(before, heard);
        if (!both) text += told(before);
        held.set(heard.choice, both ?? heard);
        continue;
      }
      flush();
      text += 'answered' in word ? begin() + talk.end(word.answered) : talk.fail(word.failed);
    }
    flush();
    return text;
  };
}

/** Answers a request as a stream. Until it has begun, failures are thrown, so that they are answered as such. */
export async function streamed(call: Call, ask: Ask, talk: Talk): Promise<typeof sent> {
  const form = { type: talk.type, ping: talk.ping, tell: teller(talk) };
  const outlet = new Outlet<Word>(call.res, form, call.state.settings.stall * 1000);
  try {
    const answered = await answer(call, ask, (heard) => {
      if (heard.type !== 'begin') return outlet.say({ heard });
      outlet.open();
      return undefined;
    });
    outlet.end({ answered });
  } catch (error) {
    if (!outlet.opened || error instanceof Gone) {
      outlet.close();
      throw error;
    }
    const failed = failureOf(error);
    call.state.log.tell('warn', 'a stream failed', { id: call.id, status: failed.status, message: failed.message });
    outlet.end({ failed });
  }
  return sent;
}
