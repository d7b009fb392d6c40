// Names of the platform in public types. Node's declarations and the DOM's have them; a project that includes neither shall compile too,
// and these merge with those of one that does.
declare global {
  interface AbortSignal {
    readonly aborted: boolean;
  }
  interface URL {
    href: string;
  }
  // biome-ignore lint/suspicious/noExplicitAny: the others' parameter, without which they would not merge
  interface ReadableStream<R = any> {
    readonly locked: boolean;
  }
}

export {};
