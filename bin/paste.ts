// What a terminal sends, with pasted text made one line: its newlines become a mark that is put back when the line has been read.
// A paste is told by the terminal (bracketed paste), or by lines that arrive together, faster than anybody types.
import { Transform, type TransformCallback } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';

/** A newline in a line that is edited: shown as a sign; the second character, which has no width, is typed by nobody. */
export const newlineMark = '\u2424\u200b';

/** The text of a line that was read. */
export const withNewlines = (line: string): string => line.replaceAll(newlineMark, '\n');

/** To write to the terminal: whether it tells where a paste begins and ends. */
export const bracketedPaste = { on: '\x1b[?2004h', off: '\x1b[?2004l' } as const;

const begin = '\x1b[200~';
const end = '\x1b[201~';

/** How long a newline at the end of what arrived together waits for more to come, in ms. */
const moment = 25;

/** The length of the longest end of a text that the mark begins with, if it is at least `least`. */
function partOf(mark: string, text: string, least: number): number {
  for (let n = Math.min(mark.length - 1, text.length); n >= least; n--) if (text.endsWith(mark.slice(0, n))) return n;
  return 0;
}

// A pasted text as one line; control characters would be commands to the editor of the line.
const asLine = (text: string): string => text.replace(/\r\n|\r|\n/g, newlineMark).replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '');

export class Paste extends Transform {
  readonly #decoder = new StringDecoder('utf8');
  #rest = ''; // the beginning of what is not complete: a mark, or \r of \r\n
  #pasting = false;
  #held = false; // a newline that waits
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly moments = moment) {
    super({ decodeStrings: true });
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#read(this.#rest + this.#decoder.write(chunk));
    done();
  }

  override _flush(done: TransformCallback): void {
    this.#out(this.#pasting ? asLine(this.#rest) : this.#rest);
    this.#release();
    done();
  }

  #read(text: string): void {
    this.#rest = '';
    while (text !== '') {
      const mark = this.#pasting ? end : begin;
      const at = text.indexOf(mark);
      if (at >= 0) {
        if (this.#pasting) this.#out(asLine(text.slice(0, at)));
        else this.#typed(text.slice(0, at));
        this.#pasting = !this.#pasting;
        text = text.slice(at + mark.length);
        continue;
      }
      // Of the mark that begins a paste at least "ESC [ 2": a lone ESC is a key.
      let part = partOf(mark, text, this.#pasting ? 1 : 3);
      if (part === 0 && this.#pasting && text.endsWith('\r')) part = 1;
      this.#rest = part === 0 ? '' : text.slice(-part);
      const whole = part === 0 ? text : text.slice(0, -part);
      if (this.#pasting) this.#out(asLine(whole));
      else this.#typed(whole);
      return;
    }
  }

  // Keys: one at a time, or an escape sequence. Several characters with a newline among them were not typed.
  #typed(text: string): void {
    if (text === '') return;
    if (text.length === 1 || !/[\r\n]/.test(text)) {
      if (this.#held && text.length > 1) this.#joined();
      this.#out(text);
      return;
    }
    if (this.#held) this.#joined();
    const [, body = '', last = ''] = /^([\s\S]*?)(\r\n|\r|\n)?$/.exec(text) ?? [];
    const keys = !/[\r\n]/.test(body) || body.includes('\x1b');
    if (body !== '') this.push(keys ? body : asLine(body));
    if (last !== '') this.#hold();
  }

  // The newline before was inside a paste that came in pieces.
  #joined(): void {
    clearTimeout(this.#timer);
    this.#held = false;
    this.push(newlineMark);
  }

  #hold(): void {
    this.#held = true;
    this.#timer = setTimeout(() => this.#release(), this.moments);
  }

  #release(): void {
    clearTimeout(this.#timer);
    if (!this.#held) return;
    this.#held = false;
    this.push('\r');
  }

  #out(text: string): void {
    if (text === '') return;
    this.#release();
    this.push(text);
  }
}
