// The syntax tree.
import type { Value } from './values';

interface Name {
  readonly kind: 'name';
  readonly name: string;
}
/** `namespace.attribute` where it is assigned to. */
interface NamespaceRef {
  readonly kind: 'namespace';
  readonly name: string;
  readonly attribute: string;
}
export interface CallArgs {
  readonly args: readonly Expr[];
  readonly named: readonly { readonly key: string; readonly value: Expr }[];
  readonly rest: Expr | undefined;
  readonly namedRest: Expr | undefined;
}
export interface Slice {
  readonly start: Expr | undefined;
  readonly stop: Expr | undefined;
  readonly step: Expr | undefined;
}
export type CompareOperator = '==' | '!=' | '<' | '<=' | '>' | '>=' | 'in' | 'not in';

export type Expr = { readonly depth: number } & (
  | Name
  | NamespaceRef
  | { readonly kind: 'const'; readonly value: Value }
  | { readonly kind: 'tuple' | 'list'; readonly items: readonly Expr[] }
  | { readonly kind: 'dict'; readonly pairs: readonly (readonly [Expr, Expr])[] }
  | { readonly kind: 'if'; readonly test: Expr; readonly yes: Expr; readonly no: Expr | undefined }
  | { readonly kind: 'filter'; readonly of: Expr | undefined; readonly name: string; readonly call: CallArgs }
  | { readonly kind: 'test'; readonly of: Expr; readonly name: string; readonly call: CallArgs }
  | { readonly kind: 'call'; readonly of: Expr; readonly call: CallArgs }
  | { readonly kind: 'item'; readonly of: Expr; readonly key: Expr }
  | { readonly kind: 'slice'; readonly of: Expr; readonly slice: Slice }
  | { readonly kind: 'attribute'; readonly of: Expr; readonly name: string }
  | { readonly kind: 'concat'; readonly items: readonly Expr[] }
  | { readonly kind: 'compare'; readonly of: Expr; readonly with: readonly { readonly operator: CompareOperator; readonly value: Expr }[] }
  | { readonly kind: 'binary'; readonly operator: '+' | '-' | '*' | '/' | '//' | '%' | '**'; readonly left: Expr; readonly right: Expr }
  | { readonly kind: 'and' | 'or'; readonly left: Expr; readonly right: Expr }
  | { readonly kind: 'unary'; readonly operator: '+' | '-' | 'not'; readonly of: Expr }
);

/** What a macro takes; the last parameters have the defaults. */
export interface Signature {
  readonly parameters: readonly string[];
  readonly defaults: readonly Expr[];
}
/** Names that a macro's body asks for. */
export interface Asks {
  caller: boolean;
  kwargs: boolean;
  varargs: boolean;
}

export interface For {
  readonly kind: 'for';
  readonly target: Expr;
  readonly of: Expr;
  readonly test: Expr | undefined;
  readonly recursive: boolean;
  readonly body: readonly Stmt[];
  readonly otherwise: readonly Stmt[];
  readonly usesLoop: boolean;
}
export interface If {
  readonly kind: 'branch';
  readonly test: Expr;
  readonly body: readonly Stmt[];
  readonly others: readonly If[];
  readonly otherwise: readonly Stmt[];
}
export interface Macro {
  readonly kind: 'macro';
  readonly name: string;
  readonly signature: Signature;
  readonly body: readonly Stmt[];
  readonly asks: Asks;
}
export interface CallBlock {
  readonly kind: 'callblock';
  readonly signature: Signature;
  /** Undefined in `{% generation %}`, which prints its body. */
  readonly call: (Expr & { readonly kind: 'call' }) | undefined;
  readonly body: readonly Stmt[];
  readonly asks: Asks;
}
export interface FilterBlock {
  readonly kind: 'filterblock';
  readonly filter: Expr;
  readonly body: readonly Stmt[];
}
export interface With {
  readonly kind: 'with';
  readonly targets: readonly Expr[];
  readonly values: readonly Expr[];
  readonly body: readonly Stmt[];
}
export interface Block {
  readonly kind: 'block';
  readonly name: string;
  readonly scoped: boolean;
  readonly required: boolean;
  readonly body: readonly Stmt[];
}
export interface Assign {
  readonly kind: 'assign';
  readonly target: Expr;
  readonly value: Expr;
}
export interface AssignBlock {
  readonly kind: 'assignblock';
  readonly target: Expr;
  readonly filter: Expr | undefined;
  readonly body: readonly Stmt[];
}
export interface Autoescape {
  readonly kind: 'autoescape';
  readonly on: Expr;
  readonly body: readonly Stmt[];
}

export type Stmt =
  | { readonly kind: 'output'; readonly items: readonly (string | Expr)[] }
  | { readonly kind: 'break' | 'continue' }
  | { readonly kind: 'refused'; readonly what: string }
  | For
  | If
  | Macro
  | CallBlock
  | FilterBlock
  | With
  | Block
  | Assign
  | AssignBlock
  | Autoescape;

const noCall: CallArgs = { args: [], named: [], rest: undefined, namedRest: undefined };
export { noCall };

/** The expressions right inside one. */
export function partsOf(node: Expr): readonly (Expr | undefined)[] {
  switch (node.kind) {
    case 'name':
    case 'namespace':
    case 'const':
      return [];
    case 'tuple':
    case 'list':
    case 'concat':
      return node.items;
    case 'dict':
      return node.pairs.flat();
    case 'if':
      return [node.test, node.yes, node.no];
    case 'filter':
    case 'test':
    case 'call':
      return [node.of, ...node.call.args, ...node.call.named.map((n) => n.value), node.call.rest, node.call.namedRest];
    case 'item':
      return [node.of, node.key];
    case 'slice':
      return [node.of, node.slice.start, node.slice.stop, node.slice.step];
    case 'compare':
      return [node.of, ...node.with.map((w) => w.value)];
    case 'binary':
    case 'and':
    case 'or':
      return [node.left, node.right];
    default:
      return [node.of];
  }
}
