// Reading a request's body, within bounds.
import type { IncomingMessage, ServerResponse } from 'node:http';

import { ApiError, Gone } from './failure';

const deepest = 512;

const tooLarge = (most: number): ApiError =>
  new ApiError(413, `the body is larger than the ${most} bytes that it may have: maxBodyBytes (--max-body) says how many`, { code: 'request_too_large' });

/** How many bytes of bodies are held at a time, of all requests. */
export class BodyRoom {
  #taken = 0;

  constructor(private readonly most: number) {}

  take(bytes: number): void {
    if (this.#taken + bytes > this.most) throw new ApiError(503, 'too many bodies are being read at the moment', { retryAfter: 1, code: 'overloaded' });
    this.#taken += bytes;
  }

  give(bytes: number): void {
    this.#taken -= bytes;
  }
}

/** The body's bytes. Refuses by the declared length before a byte is read, and while reading. */
export async function readBody(
  req: IncomingMessage,
  res: ServerResponse,
  { most, room, expectsContinue }: { readonly most: number; readonly room: BodyRoom; readonly expectsContinue: boolean },
): Promise<Buffer> {
  if (Number(req.headers['content-length'] ?? 0) > most) throw tooLarge(most);
  if (expectsContinue) res.writeContinue();
  const parts: Buffer[] = [];
  let size = 0;
  const whole = new Promise<Buffer>((resolve, reject) => {
    const hear = (part: Buffer): void => {
      try {
        if (size + part.length > most) throw tooLarge(most);
        room.take(part.length);
        size += part.length;
        parts.push(part);
      } catch (error) {
        req.off('data', hear);
        reject(error as Error);
      }
    };
    req.on('data', hear);
    req.once('end', () => resolve(Buffer.concat(parts, size)));
    req.once('error', () => reject(new Gone()));
    req.once('close', () => reject(new Gone()));
  });
  return whole.finally(() => room.give(size));
}

/** How deep brackets nest, outside of strings, up to `most`. */
function nestsDeeper(bytes: Buffer, most: number): boolean {
  let [depth, quoted] = [0, false];
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (quoted) {
      if (byte === 0x5c) i++;
      else if (byte === 0x22) quoted = false;
    } else if (byte === 0x22) quoted = true;
    else if (byte === 0x5b || byte === 0x7b) {
      if (++depth > most) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth--;
  }
  return false;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The JSON of a body. */
export function jsonOf(bytes: Buffer): unknown {
  const refuse = (what: string): never => {
    throw new ApiError(400, `body: expected a JSON object, found ${what}`);
  };
  if (bytes.length === 0) refuse('nothing');
  if (nestsDeeper(bytes, deepest)) refuse(`more than ${deepest} levels of brackets`);
  let text = '';
  try {
    text = utf8.decode(bytes);
  } catch {
    refuse('bytes that are no UTF-8');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    return refuse(`what is no JSON: ${(error as Error).message.slice(0, 100)}`);
  }
}
