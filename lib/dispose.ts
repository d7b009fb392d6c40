/// <reference lib="esnext.disposable" preserve="true" />
// Node 20.0 to 20.3 lack the symbols of `await using`; classes of this package need them when they are defined.
for (const name of ['dispose', 'asyncDispose'] as const) {
  if (Symbol[name] === undefined) Object.defineProperty(Symbol, name, { value: Symbol(`Symbol.${name}`) });
}

export {};
