// What a parser has to know of the tools that were offered: their names, and what type an argument is.

/** A tool as chat templates take it: `{ type: 'function', function: { name, parameters } }`, or the inner object alone. */
export type OfferedTool = Readonly<Record<string, unknown>>;

type Schema = Readonly<Record<string, unknown>>;
const record = (value: unknown): Schema => (typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Schema) : {});

/** The tools that a model was offered. */
export class Tools {
  readonly #parameters = new Map<string, Schema>();

  constructor(offered: readonly OfferedTool[]) {
    for (const tool of offered) {
      const inner = record(tool.function ?? tool);
      const { name } = inner;
      if (typeof name === 'string') this.#parameters.set(name, record(inner.parameters ?? inner.parameter_definitions ?? inner.input_schema));
    }
  }

  has(name: string): boolean {
    return this.#parameters.has(name);
  }

  /** What is wrong with a call, as far as names and types tell. */
  faults(name: string, given: Readonly<Record<string, unknown>>): readonly string[] {
    if (!this.has(name)) return [`a call of ${name.slice(0, 80)}, which is no tool that was offered`];
    const missing = this.missing(name, new Set(Object.keys(given))).map((key) => `a call of ${name} lacks ${key}`);
    const wrong = Object.entries(given).flatMap(([key, value]) => {
      const types = this.types(name, key);
      return fits(value, types) ? [] : [`a call of ${name}: expected ${[...types].join(' or ')} for ${key}, found ${typeOf(value)}`];
    });
    return [...missing, ...wrong];
  }

  #properties(tool: string): Schema {
    return record(this.#parameters.get(tool)?.properties);
  }

  /** The names of a tool's arguments, in order. */
  names(tool: string): readonly string[] {
    return Object.keys(this.#properties(tool));
  }

  /** Arguments that a call must give and `given` lacks. */
  missing(tool: string, given: ReadonlySet<string>): readonly string[] {
    const { required } = this.#parameters.get(tool) ?? {};
    return Array.isArray(required) ? required.filter((name): name is string => typeof name === 'string' && !given.has(name)) : [];
  }

  /** What an argument's text may mean. Of one that no schema tells of: anything. */
  types(tool: string, argument: string): ReadonlySet<string> {
    const properties = this.#properties(tool);
    return Object.hasOwn(properties, argument) ? typesOf(properties[argument], record(this.#parameters.get(tool)), 0) : anything;
  }
}

const anything: ReadonlySet<string> = new Set(['string', 'number', 'integer', 'boolean', 'null', 'object', 'array']);

/** The types that a schema lets through, as far as `type`, `enum`, `const`, references and alternatives tell. */
function typesOf(given: unknown, root: Schema, depth: number): ReadonlySet<string> {
  const schema = record(given);
  if (depth > 8) return anything;
  if (typeof schema.$ref === 'string') return typesOf(referred(schema.$ref, root), root, depth + 1);
  if (typeof schema.type === 'string') return new Set([schema.type.toLowerCase()]);
  if (Array.isArray(schema.type)) return new Set(schema.type.map((type) => String(type).toLowerCase()));
  const values = Array.isArray(schema.enum) ? schema.enum : 'const' in schema ? [schema.const] : undefined;
  if (values) return new Set(values.map(typeOf));
  const [choices] = [schema.anyOf, schema.oneOf].filter(Array.isArray) as unknown[][];
  if (choices) return new Set(choices.flatMap((choice) => [...typesOf(choice, root, depth + 1)]));
  const [first] = Array.isArray(schema.allOf) ? (schema.allOf as unknown[]) : [];
  return first === undefined ? anything : typesOf(first, root, depth + 1);
}

function referred(reference: string, root: Schema): unknown {
  let at: unknown = root;
  for (const step of reference.replace(/^#\/?/, '').split('/')) {
    const inside = record(at);
    if (step !== '' && !Object.hasOwn(inside, step)) return undefined;
    if (step !== '') at = inside[step];
  }
  return at;
}

/** The JSON type of a value. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value;
}

/** Whether a value's type is among the types; whole numbers are numbers. */
export function fits(value: unknown, types: ReadonlySet<string>): boolean {
  const type = typeOf(value);
  return types.has(type) || (type === 'integer' && types.has('number'));
}
