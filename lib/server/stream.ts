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

/** Answers a request as a stream. Until it has begun, failures are thrown, so that they are answered as such. */
export async function streamed(call: Call, ask: Ask, talk: Talk): Promise<typeof sent> {
  const outlet = new Outlet(call.res, talk.type, talk.ping, call.state.settings.stall * 1000);
  let begun = false;
  const begin = (): string => {
    if (begun) return '';
    begun = true;
    return talk.begin();
  };
  try {
    const answered = await answer(call, ask, (heard) => {
      if (heard.type === 'begin') {
        outlet.open();
        return undefined;
      }
      return outlet.write(begin() + talk.heard(heard));
    });
    outlet.end(begin() + talk.end(answered));
  } catch (error) {
    if (!outlet.opened || error instanceof Gone) {
      outlet.close();
      throw error;
    }
    const failure = failureOf(error);
    call.state.log.tell('warn', 'a stream failed', { id: call.id, status: failure.status, message: failure.message });
    outlet.end(talk.fail(failure));
  }
  return sent;
}
