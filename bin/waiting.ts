// A sign on the terminal that something is going on while nothing comes yet.

/** Shows a text with the seconds that have passed, beginning after a moment; gives the function that takes it away again. */
export function waiting(what: string, out: NodeJS.WriteStream = process.stderr): () => void {
  if (out.isTTY !== true) return () => {};
  const began = performance.now();
  let shown = false;
  const show = (): void => {
    shown = true;
    out.write(`\r\x1b[2K${what} ${((performance.now() - began) / 1000).toFixed(0)} s`);
  };
  const timer = setInterval(show, 500);
  return () => {
    clearInterval(timer);
    if (shown) out.write('\r\x1b[2K');
    shown = false;
  };
}
