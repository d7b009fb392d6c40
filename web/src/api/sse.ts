// Server-sent events of bytes, by the rules of the HTML standard.

/** One event. */
export interface ServerEvent {
  readonly event: string;
  readonly data: string;
}

const longest = 16 * 2 ** 20; // of an event: a server that ends none does not fill the memory

/** Puts events together of pieces of text, wherever they are cut. */
export class EventParser {
  #rest = '';
  #data: string[] = [];
  #size = 0;
  #event = '';
  #begun = false;

  push(text: string): ServerEvent[] {
    let all = this.#rest + text;
    if (!this.#begun && all !== '') {
      this.#begun = true;
      all = all.replace(/^\uFEFF/, '');
    }
    const found: ServerEvent[] = [];
    let from = 0;
    for (;;) {
      const end = all.slice(from).search(/[\r\n]/);
      if (end < 0) break;
      const at = from + end;
      if (all[at] === '\r' && at + 1 === all.length) break; // the \n of it may follow
      const event = this.#line(all.slice(from, at));
      if (event) found.push(event);
      from = at + (all.startsWith('\r\n', at) ? 2 : 1);
    }
    this.#rest = all.slice(from);
    if (this.#rest.length > longest) throw new RangeError('an event has no end');
    return found;
  }

  #line(line: string): ServerEvent | undefined {
    if (line === '') return this.#end();
    const colon = line.indexOf(':');
    if (colon === 0) return undefined; // a comment
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') this.#event = value;
    if (field === 'data') {
      this.#data.push(value);
      this.#size += value.length;
      if (this.#size > longest) throw new RangeError('an event has no end');
    }
    return undefined;
  }

  #end(): ServerEvent | undefined {
    const event = this.#data.length > 0 ? { event: this.#event, data: this.#data.join('\n') } : undefined;
    this.#data = [];
    this.#size = 0;
    this.#event = '';
    return event;
  }
}

/** The events of a body, as they come. */
export async function* eventsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      yield* parser.push(done ? decoder.decode() : decoder.decode(value, { stream: true }));
      if (done) return;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
