// Many calls may wait for one signal, such as a server's shutdown: it gets a single listener, so that Node does not warn of a leak.

interface Crowd {
  readonly acts: Set<() => void>;
  readonly listener: () => void;
}

const crowds = new WeakMap<AbortSignal, Crowd>();

function gather(signal: AbortSignal): Crowd {
  const acts = new Set<() => void>();
  const crowd = { acts, listener: (): void => [...acts].forEach((act) => act()) };
  signal.addEventListener('abort', crowd.listener, { once: true });
  crowds.set(signal, crowd);
  return crowd;
}

/** Has `act` called when the signal aborts. Gives the function that takes it back; the last to leave takes the listener along. */
export function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (!signal) return () => {};
  const crowd = crowds.get(signal) ?? gather(signal);
  const own = (): void => act();
  crowd.acts.add(own);
  return () => {
    if (!crowd.acts.delete(own) || crowd.acts.size > 0) return;
    signal.removeEventListener('abort', crowd.listener);
    if (crowds.get(signal) === crowd) crowds.delete(signal);
  };
}
