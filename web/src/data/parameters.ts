// What a model's samplers can be told, by the server's own description.

/** A number or switch of a request. */
export interface Parameter {
  readonly name: string;
  readonly type: 'number' | 'integer' | 'boolean';
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly sentence: string;
  /** What holds where nothing is said; undefined: that is not told. */
  readonly fallback: number | boolean | undefined;
}

type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const numberOf = (value: unknown): number | undefined => (typeof value === 'number' && Number.isSafeInteger(Math.trunc(value)) ? value : undefined);

// Told by the server of requests, but nothing of its samplers.
const besides = ['seed', 'max_tokens', 'ignore_eos'];

/** Those shown first. */
export const common: readonly string[] = ['temperature', 'top_k', 'top_p', 'min_p', 'repeat_penalty', 'max_tokens', 'seed'];

function schemaOf(property: unknown): Fields {
  const of = fields(property);
  const kinds = Array.isArray(of.anyOf) ? of.anyOf.map(fields) : [of];
  return kinds.find(({ type }) => type !== 'null') ?? {};
}

/**
 * Of the server's OpenAPI document and its properties. A server that has only one of the two gets what that one tells.
 */
export function parametersOf(openApi: unknown, props: unknown): readonly Parameter[] {
  const operation = fields(fields(fields(fields(openApi).paths)['/v1/chat/completions']).post);
  const content = fields(fields(fields(operation.requestBody).content)['application/json']);
  const properties = fields(fields(content.schema).properties);
  const usual = fields(fields(fields(props).default_generation_settings).params);
  const names = [...new Set([...Object.keys(usual), ...besides.filter((name) => name in properties)])];
  return names.flatMap((name): Parameter[] => {
    const schema = schemaOf(properties[name]);
    const fallback = usual[name];
    const plain = typeof fallback === 'number' || typeof fallback === 'boolean' ? fallback : undefined;
    const type = schema.type ?? (typeof plain === 'undefined' ? undefined : typeof plain);
    if (type !== 'number' && type !== 'integer' && type !== 'boolean') return [];
    const sentence = typeof schema.description === 'string' ? schema.description : '';
    return [{ name, type, minimum: numberOf(schema.minimum), maximum: numberOf(schema.maximum), sentence, fallback: plain }];
  });
}

/** Whether a value is one that the parameter may have. */
export function fits({ type, minimum = -Infinity, maximum = Infinity }: Parameter, value: number): boolean {
  return Number.isFinite(value) && (type !== 'integer' || Number.isSafeInteger(value)) && value >= minimum && value <= maximum;
}
