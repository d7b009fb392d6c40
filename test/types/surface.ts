// What the types promise; checked by tsc, never run.
import {
  compileChoices,
  compileSchema,
  loadModel,
  LlamaError,
  tool,
  type Grammar,
  type JsonValue,
  type StandardSchema,
  type ToolCall,
  type Chunk,
  type ErrorCode,
  type Generation,
  type GenerateOptions,
  type Result,
  Model,
} from 'llama-ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <A, B>(_: Same<A, B>): void => {};

export async function surface(signal: AbortSignal): Promise<void> {
  await using model = await loadModel('model.gguf', { threads: 2, cacheType: 'q8_0', signal });
  is<typeof model, Model>(true);

  const generation = model.generate('x', { maxTokens: 5, temperature: 0.5, samplers: ['topK', 'temperature'] });
  is<typeof generation, Generation<string>>(true);
  const result = await generation;
  is<typeof result, Result<string>>(true);
  is<typeof result.finish, 'stop' | 'length' | 'context' | 'calls'>(true);
  is<typeof result.ids, readonly number[]>(true);
  is<typeof result.cutCharacter, boolean>(true);
  model.generate(result.ids);
  for await (const chunk of generation) is<typeof chunk, Chunk>(true);

  is<Awaited<ReturnType<Model['logits']>>, Float32Array>(true);
  model.generate([{ role: 'user', content: 'x' }]);
  model.generate([1, 2, 3]);
  model.generate(new Uint32Array([1]));

  const options: GenerateOptions = { logitBias: { 5: -Infinity }, seed: 1 };
  await using chat = model.chat({ system: 'x', variables: { enable_thinking: false } });
  await chat.send('x', { ...options, prefix: 'Sure, ', keepPartial: true });
  await chat.regenerate(options);
  chat.edit(0, 'y');
  chat.edit(0, { role: 'user', content: 'y' });
  model.chat(chat.toJSON());
  model.chat({ contextFull: 'dropOldest' });
  const tokenized = [model.tokenizeAsync('x'), model.tokenizeAsync(['x', 'y'])] as const;
  is<typeof tokenized, readonly [Promise<Uint32Array>, Promise<Uint32Array[]>]>(true);
  is<Awaited<ReturnType<Model['detokenizeAsync']>>, string>(true);

  const weather = tool({
    parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' }, unit: { enum: ['c', 'f'] } }, required: ['city'] },
    run: ({ city, days, unit }, { signal: aborted }) => {
      is<typeof city, string>(true);
      is<typeof days, number | undefined>(true);
      is<typeof unit, 'c' | 'f' | undefined>(true);
      is<typeof aborted, AbortSignal>(true);
    },
  });
  const standard = { '~standard': { version: 1 as const, vendor: 'x', validate: () => ({ value: { at: new Date() } }) } };
  tool({ parameters: standard, run: ({ at }) => is<typeof at, Date>(true) });
  const { toolCalls = [], reasoning } = await chat.send('x', { tools: { weather, plain: {} }, toolChoice: { name: 'weather' }, reasoning: { budget: 100 } });
  is<typeof reasoning, string | undefined>(true);
  is<(typeof toolCalls)[number]['name'], string>(true);
  for await (const part of chat.send('x')) if (part.type === 'callEnd') is<typeof part.call, ToolCall>(true);

  // @ts-expect-error a role that is not
  model.generate([{ role: 'robot', content: 'x' }]);
  // @ts-expect-error a sampler that is not
  model.generate('x', { samplers: ['magic'] });
  // @ts-expect-error an option that is not
  model.generate('x', { maxtokens: 5 });
  // @ts-expect-error a cache type that is not
  await loadModel('model.gguf', { cacheType: 'q1' });
  // @ts-expect-error read only
  chat.messages.push({ role: 'user', content: 'x' });

  // @ts-expect-error read only
  chat.messages[0]!.content = 'x';
  // @ts-expect-error made by loadModel alone
  new Model();
  // @ts-expect-error made by loadModel alone
  Model.of();
  // @ts-expect-error not read
  model.embed(['x'], { pooling: 'max' });
  // @ts-expect-error no such option
  model.generate('x', { schema: {}, maxToken: 5 });
  // @ts-expect-error no such option
  model.generate('x', { maxToken: 5 });
  // @ts-expect-error tools have names
  model.chat({ tools: [] });

  try {
    await model.generate('x');
  } catch (error) {
    if (error instanceof LlamaError) is<typeof error.code, ErrorCode>(true);
  }
}

/** What values of bound texts are typed as. */
export async function bound(model: Model, standard: StandardSchema<{ a: string; b?: number }>): Promise<void> {
  const schema = {
    type: 'object',
    properties: {
      a: { type: 'integer' },
      b: { enum: ['p', 'q'] },
      c: { type: ['string', 'null'] },
      d: { anyOf: [{ const: 1 }, { type: 'array', items: { type: 'boolean' } }] },
    },
    required: ['a', 'c', 'd'],
  } as const;
  interface Value {
    a: number;
    b?: 'p' | 'q';
    c: string | null;
    d: 1 | boolean[];
  }
  const typed = await model.generate('x', { schema });
  const both: Value | undefined = typed.value;
  const back: typeof typed.value = both;
  is<typeof typed.complete, boolean | undefined>(true);

  const written = await model.generate('x', { schema: { type: 'object', properties: { a: { type: 'string' } }, required: ['a'] }, maxTokens: 5 });
  const a: string | undefined = written.value?.a;
  const validated = await model.generate('x', { schema: standard });
  is<typeof validated.value, { a: string; b?: number } | undefined>(true);
  const text = await model.generate('x', { schema: '{}' });
  is<typeof text.value, unknown>(true);
  const chosen = await model.generate('x', { choices: ['yes', 'no'] });
  is<typeof chosen.value, 'yes' | 'no' | undefined>(true);
  const matched = await model.generate('x', { regex: /a/ });
  is<typeof matched.value, string>(true);
  const parsed = await model.generate('x', { grammar: 'root ::= "a"' });
  is<typeof parsed.value, string>(true);
  const read = await model.generate('x', { lark: 'start: "a"' });
  is<typeof read.value, string>(true);
  const json = await model.generate('x', { json: true });
  is<typeof json.value, JsonValue[] | { [key: string]: JsonValue } | undefined>(true);
  const several = model.generate('x', { schema: standard, n: 2 });
  is<typeof several, Generation<{ a: string; b?: number } | undefined>[]>(true);

  const compiled = await compileSchema(standard);
  is<typeof compiled, Grammar<{ a: string; b?: number }>>(true);
  const reused = await model.chat().send('x', { schema: compiled, prefix: '{' });
  is<typeof reused.value, { a: string; b?: number } | undefined>(true);
  const choices = await model.generate('x', { grammar: await compileChoices(['u', 'w']) });
  is<typeof choices.value, 'u' | 'w' | undefined>(true);
  // @ts-expect-error a value of another type
  const wrong: number | undefined = reused.value;
  void [back, a, wrong];
}
