// JSON that users write: what is wrong with it, and where.

export interface Written {
  readonly value?: unknown;
  /** What the parser says; absent: it is JSON. */
  readonly wrong?: { readonly message: string; readonly line: number | undefined };
}

/** Reads it. */
export function written(text: string): Written {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    const { message } = error as SyntaxError;
    const line = Number(/line (\d+)/.exec(message)?.[1]);
    const at = Number(/position (\d+)/.exec(message)?.[1]);
    const counted = Number.isNaN(at) ? undefined : text.slice(0, at).split('\n').length;
    return { wrong: { message: message.replace(/^JSON\.parse: /, ''), line: Number.isNaN(line) ? counted : line } };
  }
}

/** Indented, where it is JSON; as it is, where not. */
export function pretty(text: string): string {
  const { value, wrong } = written(text);
  return wrong ? text : JSON.stringify(value, null, 2);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A schema; undefined: it is none. */
export function schemaOf(text: string): Readonly<Record<string, unknown>> | undefined {
  const { value } = written(text);
  return isObject(value) ? value : undefined;
}

/** Tools as requests have them: functions alone, or each inside of its `{"type": "function"}`. Undefined: they are none. */
export function toolsOf(text: string): readonly unknown[] | undefined {
  const { value } = written(text);
  const all = Array.isArray(value) ? value : [value];
  const tools = all.map((each: unknown) => {
    const of = isObject(each) && isObject(each.function) ? each.function : each;
    return isObject(of) && typeof of.name === 'string' ? { type: 'function', function: of } : undefined;
  });
  return tools.length > 0 && tools.every((tool) => tool !== undefined) ? tools : undefined;
}
