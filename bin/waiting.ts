// A sign on the terminal that something is going on while nothing comes yet.

/** What is shown: how far it is can be told, and it can be taken away again. */
interface Waiting {
  progress(fraction: number): void;
  end(): void;
}

/** Shows a text with the seconds that have passed, beginning after a moment. */
export function waiting(what: string, out: NodeJS.WriteStream = process.stderr): Waiting {
  if (out.isTTY !== true) return { progress: () => {}, end: () => {} };
  let percent = '';
  const began = performance.now();
  let shown = false;
  const show = (): void => {
    shown = true;
    out.write(`\r\x1b[2K${what}${percent} ${((performance.now() - began) / 1000).toFixed(0)} s`);
  };
  const timer = setInterval(show, 500);
  return {
    progress: (fraction) => {
      percent = ` ${Math.floor(100 * fraction)}%`;
    },
    end: () => {
      clearInterval(timer);
      if (shown) out.write('\r\x1b[2K');
      shown = false;
    },
  };
}
