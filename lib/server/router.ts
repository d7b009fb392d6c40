// Which route a path is.
import type { Route } from './call';

interface Found {
  readonly route: Route | undefined;
  readonly rest: string;
  /** Methods of the path, where none of its routes has the one that was asked. */
  readonly allowed: readonly string[];
}

/** The routes by their paths. */
export class Router {
  readonly #exact = new Map<string, Route[]>();
  readonly #prefixes: (readonly [prefix: string, route: Route])[] = [];

  constructor(readonly routes: readonly Route[]) {
    for (const route of routes) {
      for (const path of [route.path, ...(route.also ?? [])]) {
        if (path.endsWith('*')) this.#prefixes.push([path.slice(0, -1), route]);
        else this.#exact.set(path, [...(this.#exact.get(path) ?? []), route]);
      }
    }
  }

  /** A slash behind a path that is one without it is nothing. */
  find(method: string, path: string): Found | undefined {
    return this.#find(method, path) ?? (path.endsWith('/') ? this.#find(method, path.slice(0, -1)) : undefined);
  }

  #find(method: string, path: string): Found | undefined {
    const wanted = method === 'HEAD' ? 'GET' : method;
    const exact = this.#exact.get(path);
    const at: (readonly [Route, string])[] = exact
      ? exact.map((route) => [route, ''] as const)
      : this.#prefixes.flatMap(([prefix, route]) =>
          path.length > prefix.length && path.startsWith(prefix) ? [[route, path.slice(prefix.length)] as const] : [],
        );
    const found = at.find(([route]) => route.method === wanted);
    if (found) return { route: found[0], rest: decoded(found[1]), allowed: [] };
    if (at.length === 0) return undefined;
    return { route: undefined, rest: '', allowed: at.flatMap(([{ method: m }]) => (m === 'GET' ? ['GET', 'HEAD'] : [m])) };
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
