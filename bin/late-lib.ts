// lib loads the addon when it is imported, and commands import lib at their top. Here a stand-in takes lib's place until a command
// first uses something of it, so that help, flags and completion need no addon, and `build` works where there is none.
import Module from 'node:module';

const path = require.resolve('../lib');

let lib: Record<PropertyKey, unknown> | undefined;

function loaded(): Record<PropertyKey, unknown> {
  if (lib) return lib;
  delete require.cache[path];
  return (lib = require(path) as Record<PropertyKey, unknown>);
}

/** To be called before a command is imported. */
export function loadLibLate(): void {
  const standIn = new Module(path);
  standIn.filename = path;
  standIn.loaded = true;
  standIn.exports = new Proxy({}, { get: (_, name) => loaded()[name], has: (_, name) => name in loaded() });
  require.cache[path] = standIn;
}
