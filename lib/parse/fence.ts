/** Whether a code fence is open in a text that comes in pieces: what stands in one is a quotation. */
export class Fence {
  open = false;
  #line = ''; // the beginning of the last line

  add(text: string): void {
    const lines = text.split('\n');
    for (const [i, line] of lines.entries()) {
      if (i > 0) this.#line = '';
      if (this.#line.length < 16) this.#grow(line.slice(0, 16));
    }
  }

  #grow(more: string): void {
    const was = fence.test(this.#line);
    this.#line += more;
    if (!was && fence.test(this.#line)) this.open = !this.open;
  }
}

const fence = /^\s*(```|~~~)/;
