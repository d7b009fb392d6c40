declare module 'node-gyp-build' {
  const build: { (folder: string): unknown; resolve(folder: string): string };
  export = build;
}
