// Which name means what: the analysis that decides, before a template runs, where each name of a scope is read from.
import { partsOf, type Expr, type If, type Stmt } from './nodes';

/** How a variable of a scope begins: passed in, asked of the context, as a copy of an outer scope's, or not there. */
export type Load =
  | { readonly from: 'parameter' | 'nothing' }
  | { readonly from: 'context'; readonly name: string }
  | { readonly from: 'outer'; readonly slot: Place };

/** Variables that live together: those of the template, of a macro's body, of a recursive loop. */
export class Activation {
  readonly #slots = new Map<string, number>();

  constructor(readonly outer: Activation | undefined) {}

  slot(id: string): number {
    const slot = this.#slots.get(id) ?? this.#slots.size;
    this.#slots.set(id, slot);
    return slot;
  }
}

/** A variable's place. */
export interface Place {
  readonly activation: Activation;
  readonly slot: number;
}

/** The names of one scope. A branch's are laid over those of its scope until the branches meet. */
export class Symbols {
  readonly #refs = new Map<string, Place>();
  readonly #loads = new Map<Place, Load>();
  readonly stores = new Set<string>();
  readonly #level: number;

  constructor(
    readonly activation: Activation,
    readonly parent?: Symbols,
    readonly under?: Symbols,
  ) {
    this.#level = under ? under.#level : parent ? parent.#level + 1 : 0;
  }

  find(name: string): Place | undefined {
    return this.#own(name) ?? this.parent?.find(name);
  }

  #own(name: string): Place | undefined {
    return this.#refs.get(name) ?? (this.under ? this.under.#own(name) : undefined);
  }

  #stored(name: string): boolean {
    return this.stores.has(name) || (this.under ? this.under.#stored(name) : false);
  }

  #define(name: string, load: Load): void {
    const place = this.#own(name) ?? { activation: this.activation, slot: this.activation.slot(`${this.#level} ${name}`) };
    this.#refs.set(name, place);
    this.#loads.set(place, load);
  }

  parameter(name: string): Place {
    this.stores.add(name);
    this.#define(name, { from: 'parameter' });
    return this.find(name) as Place;
  }

  load(name: string): void {
    if (!this.find(name)) this.#define(name, { from: 'context', name });
  }

  store(name: string): void {
    this.stores.add(name);
    if (this.#own(name)) return;
    const outer = this.parent?.find(name);
    this.#define(name, outer ? { from: 'outer', slot: outer } : { from: 'nothing' });
  }

  branch(): Symbols {
    return new Symbols(this.activation, this.parent, this);
  }

  /** Takes over what the branches named. What any of them stores begins with its value outside. */
  meet(branches: readonly Symbols[]): void {
    const stored = new Set(branches.flatMap((branch) => [...branch.stores]).filter((name) => !this.#stored(name)));
    for (const branch of branches) {
      for (const [name, place] of branch.#refs) this.#refs.set(name, place);
      for (const [place, load] of branch.#loads) this.#loads.set(place, load);
      for (const name of branch.stores) this.stores.add(name);
    }
    for (const name of stored) {
      const outer = this.parent?.find(name);
      this.#loads.set(this.find(name) as Place, outer ? { from: 'outer', slot: outer } : { from: 'context', name });
    }
  }

  get loads(): ReadonlyMap<Place, Load> {
    return this.#loads;
  }

  /** All names that this scope and those around it store. */
  *visible(): Iterable<readonly [string, Place]> {
    for (const name of this.stores) yield [name, this.find(name) as Place];
    if (this.parent) for (const [name, place] of this.parent.visible()) if (!this.stores.has(name)) yield [name, place];
  }
}

export function readNames(symbols: Symbols, node: Expr | undefined): void {
  if (!node) return;
  if (node.kind === 'name' || node.kind === 'namespace') symbols.load(node.name);
  for (const part of partsOf(node)) readNames(symbols, part);
}

/** The names that an assignment stores. */
export function targets(node: Expr): string[] {
  if (node.kind === 'name') return [node.name];
  return node.kind === 'tuple' ? node.items.flatMap(targets) : [];
}

function storeNames(symbols: Symbols, node: Expr): void {
  if (node.kind === 'name') symbols.store(node.name);
  else if (node.kind === 'tuple') for (const item of node.items) storeNames(symbols, item);
  else readNames(symbols, node);
}

/** Names of statements that belong to their surrounding scope; what has a scope of its own is not entered. */
export function analyze(symbols: Symbols, statements: readonly Stmt[]): void {
  for (const statement of statements) analyzeOne(symbols, statement);
}

function analyzeOne(symbols: Symbols, node: Stmt): void {
  switch (node.kind) {
    case 'output':
      for (const item of node.items) if (typeof item !== 'string') readNames(symbols, item);
      return;
    case 'assign':
      readNames(symbols, node.value);
      return storeNames(symbols, node.target);
    case 'assignblock':
      return storeNames(symbols, node.target);
    case 'branch':
      return analyzeBranches(symbols, node);
    case 'for':
      return readNames(symbols, node.of);
    case 'macro':
      return symbols.store(node.name);
    case 'callblock':
      return readNames(symbols, node.call);
    case 'filterblock':
      return readNames(symbols, node.filter);
    case 'with':
      for (const value of node.values) readNames(symbols, value);
      return;
    default: // blocks, autoescape: scopes of their own
  }
}

function analyzeBranches(symbols: Symbols, node: If): void {
  readNames(symbols, node.test);
  const branches = [symbols.branch(), symbols.branch(), symbols.branch()] as const;
  analyze(branches[0], node.body);
  for (const other of node.others) analyzeBranches(branches[1], other);
  analyze(branches[2], node.otherwise);
  symbols.meet(branches);
}
