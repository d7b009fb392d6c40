// Texts that are bound to schemas, regular expressions, choices and grammars: each is what it must be, whatever the model would say.
import {
  compileChoices,
  compileGrammar,
  compileLark,
  compileRegex,
  compileSchema,
  embeddedModel,
  loadModel,
  LlamaError,
  type JsonSchema,
  type StandardSchema,
  tool,
  type ToolCall,
} from 'llama-ts';

import { storyModel } from './model';

const model = storyModel();
const prompt = 'Once upon a time';

const animal = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 1, maxLength: 8, pattern: '^[A-Z][a-z]*$' },
    kind: { enum: ['fox', 'owl', 'cat'] },
    age: { type: 'integer', minimum: 1, maximum: 20 },
    friends: { type: 'array', items: { enum: ['Bo', 'Mia'] }, maxItems: 2 },
  },
  required: ['name', 'kind', 'age'],
  additionalProperties: false,
} as const;

interface Animal {
  name: string;
  kind: 'fox' | 'owl' | 'cat';
  age: number;
  friends?: ('Bo' | 'Mia')[];
}

/** What JSON Schema says of an animal, by hand. */
function isAnimal(value: unknown): value is Animal {
  const { name, kind, age, friends = [], ...more } = value as Animal;
  const named = /^[A-Z][a-z]{0,7}$/.test(name) && animal.properties.kind.enum.includes(kind);
  return (
    named &&
    Number.isInteger(age) &&
    age >= 1 &&
    age <= 20 &&
    friends.length <= 2 &&
    friends.every((f) => f === 'Bo' || f === 'Mia') &&
    Object.keys(more).length === 0
  );
}

const code = async (run: PromiseLike<unknown>): Promise<LlamaError> => {
  try {
    await run;
  } catch (error) {
    if (error instanceof LlamaError) return error;
    throw error;
  }
  throw new Error('it did not fail');
};

const seeds = [1, 2, 3, 4];

describe('a text that is bound', () => {
  const hot = { temperature: 2, topK: 0, minP: 0, topP: 1 };

  test.each(seeds)('to a regular expression matches it, seed %i', async (seed) => {
    const pattern = /(?:[A-Z][a-z]{1,6} ){2}(?:ran|slept)[.!]/;
    for (const regex of [pattern, pattern.source]) {
      const { text, value, complete, finish } = await model().generate(prompt, { regex, seed, ...hot });
      expect(text).toMatch(new RegExp(`^(?:${pattern.source})$`));
      expect({ value, complete, finish }).toEqual({ value: text, complete: true, finish: 'stop' });
    }
  });

  test.each(seeds)('to choices is one of them, seed %i', async (seed) => {
    const choices = ['the fox', 'the owl', 'the oak tree', 'the'];
    const { text, value } = await model().generate(prompt, { choices, seed, ...hot });
    expect(choices).toContain(text);
    expect(value).toBe(text);
  });

  test.each(seeds)('to a grammar is one of its texts, seed %i', async (seed) => {
    const grammar = 'root ::= pair ("," pair)*\npair ::= [a-z]{1,3} "=" ("[" root "]" | [0-9])';
    const { text, complete } = await model().generate(prompt, { grammar, seed, maxTokens: 60, logitBias: {}, ...hot });
    const depthless = (t: string): string => {
      const inner = t.replace(/=\[[a-z]{1,3}=\d(?:,[a-z]{1,3}=\d)*\]/g, '=0');
      return inner === t ? t : depthless(inner);
    };
    if (complete) expect(depthless(text)).toMatch(/^[a-z]{1,3}=\d(?:,[a-z]{1,3}=\d)*$/);
    else expect(text).toMatch(/^[a-z0-9=,[\]]+$/);
  });

  test.each(seeds)('to a grammar of Lark is one of its texts, seed %i', async (seed) => {
    const lark = 'start: sum\nsum: sum SIGN atom | atom\natom: /[0-9]{1,2}/ | "(" sum ")"\nSIGN: "+" | "*"';
    const { text, value, complete } = await model().generate(prompt, { lark, seed, maxTokens: 60, logitBias: {}, ...hot });
    const depthless = (t: string): string => {
      const inner = t.replace(/\(\d+(?:[+*]\d+)*\)/g, '0');
      return inner === t ? t : depthless(inner);
    };
    if (complete) expect(depthless(text)).toMatch(/^\d+(?:[+*]\d+)*$/);
    else expect(text).toMatch(/^[0-9+*()]+$/);
    expect(value).toBe(text);
  });

  test.each(seeds)('to a schema is valid, and its value is parsed, seed %i', async (seed) => {
    for (const schema of [animal, JSON.stringify(animal)]) {
      const { text, value, complete } = await model().generate(prompt, { schema, seed, ...hot });
      expect(complete).toBe(true);
      expect(value).toEqual(JSON.parse(text));
      expect(isAnimal(value)).toBe(true);
    }
  });

  test('to JSON is an object or an array', async () => {
    const { value, complete, text } = await model().generate(prompt, { json: true, seed: 3, maxTokens: 60, textBias: [{ text: '}]"', bias: 5 }] });
    expect(text).toMatch(/^[[{]/);
    if (complete) expect(value).toEqual(JSON.parse(text));
    else expect(value).toBeUndefined();
  });

  test('to nothing says nothing of being complete', async () => {
    expect(await model().generate(prompt, { maxTokens: 3 })).not.toHaveProperty('complete');
  });

  test('keeps the order of keys that JSON.parse would change, where the schema is text', async () => {
    const schema = '{"type":"object","properties":{"b":{"const":1},"2":{"const":2},"1":{"const":3}},"required":["b","2","1"],"additionalProperties":false}';
    expect((await model().generate(prompt, { schema })).text.replaceAll(' ', '')).toBe('{"b":1,"2":2,"1":3}');
  });

  test('may be laid out in lines where that is asked for', async () => {
    const schema = { type: 'array', items: { type: 'integer', minimum: 0, maximum: 9 }, minItems: 3, maxItems: 3 } as const;
    const newline = model().tokenize('\n').at(-1) as number;
    const wish = { schema, seed: 5, logitBias: { [newline]: 100 } };
    expect((await model().generate(prompt, wish)).text).not.toContain('\n');
    const { text, value } = await model().generate(prompt, { ...wish, whitespace: 'flexible' });
    expect(text).toContain('\n');
    expect(value).toHaveLength(3);
  });
});

describe('its end', () => {
  test('a limit inside it is told: the text there is, no value', async () => {
    const cut = await model().generate(prompt, { schema: animal, maxTokens: 3 });
    expect(cut).toMatchObject({ complete: false, finish: 'length' });
    expect(cut.text).not.toBe('');
    expect(cut.value).toBeUndefined();
    const text = await model().generate(prompt, { regex: '[a-z]{200}', maxTokens: 3 });
    expect(text).toMatchObject({ complete: false, value: text.text });
  });

  test('a stop string cuts it off', async () => {
    expect(await model().generate(prompt, { regex: 'abc;def', stop: [';'] })).toMatchObject({ text: 'abc', complete: false, finish: 'stop', stopString: ';' });
  });

  test('what else excludes all tokens fails it alone', async () => {
    const error = await code(model().generate(prompt, { choices: ['xyz'], bannedStrings: ['x'] }));
    expect(error.code).toBe('ARGUMENT');
    expect(error.message).toMatch(/no token is left/);
  });
});

describe('beside others', () => {
  test('unbound texts are what they are alone, and bound ones too', async () => {
    const wishes = Array.from({ length: 8 }, (_, seed) => ({ seed, maxTokens: 24, temperature: 1.5 }));
    const alone: string[] = [];
    for (const wish of wishes) alone.push((await model().generate(prompt, wish)).text);
    const bound: string[] = [];
    for (const wish of wishes) bound.push((await model().generate(prompt, { ...wish, regex: '[A-Z][a-z]+( [a-z]+)*' })).text);
    const together = await Promise.all(
      wishes.flatMap((wish) => [model().generate(prompt, wish), model().generate(prompt, { ...wish, regex: '[A-Z][a-z]+( [a-z]+)*' })]),
    );
    expect(together.map((r) => r.text)).toEqual(wishes.flatMap((_, i) => [alone[i], bound[i]]));
  });

  test('a sampler of the caller is shown what may come alone', async () => {
    const best = (logits: Float32Array): number => logits.indexOf(logits.reduce((most, l) => Math.max(most, l), -Infinity));
    const regex = '[A-Z][a-z]{3,9}!';
    const { text } = await model().generate(prompt, { regex, sample: best });
    expect(text).toMatch(/^[A-Z][a-z]{3,9}!$/);
    expect((await model().generate(prompt, { regex, temperature: 0 })).text).toBe(text);
  });

  test('what must come is cut as the tokenizer cuts it, where that is asked for', async () => {
    const sentence = 'The lion wanted to play in the garden with a ball, and Tom was very happy.';
    const own = [...model().tokenize(JSON.stringify(sentence))].slice(0, -1); // the last may be cut in other ways
    const cut = async (canonical: boolean): Promise<(readonly number[])[]> => {
      const answers = model().generate(prompt, { schema: { const: sentence }, canonical, temperature: 3, seed: 1, n: 4 });
      const all = await Promise.all(answers);
      expect(all.map(({ value }) => value)).toEqual(Array(4).fill(sentence));
      return all.map(({ ids }) => ids.slice(0, own.length));
    };
    expect(await cut(true)).toEqual(Array(4).fill(own));
    expect(await cut(false)).not.toContainEqual(own);
  });

  test('log-probabilities are of the whole vocabulary', async () => {
    const { logprobs = [], ids } = await model().generate(prompt, { regex: 'Q[0-9]', logprobs: 1, temperature: 0 });
    expect(logprobs.map(({ id }) => id)).toEqual(ids);
    expect(logprobs[0]?.logprob).toBeLessThan(logprobs[0]?.top[0]?.logprob as number); // it would have said something else
  });

  test('n answers', async () => {
    const answers = await Promise.all(model().generate(prompt, { schema: animal, n: 5, seed: 7, temperature: 2 }));
    expect(answers.map(({ value }) => isAnimal(value))).toEqual(Array(5).fill(true));
    expect(new Set(answers.map(({ text }) => text)).size).toBeGreaterThan(1);
  });

  test('compiled once, for any number of requests and models', async () => {
    const compiled = await compileSchema(animal);
    expect(compiled.kind).toBe('schema');
    await using other = await loadModel(embeddedModel, { threads: 1 });
    const runs = [model(), other, model()].map((m) => m.generate(prompt, { schema: compiled, seed: 4 }));
    const [first, ...rest] = await Promise.all(runs);
    expect(isAnimal(first?.value)).toBe(true);
    for (const { text } of rest) expect(text).toBe(first?.text);
    expect((await model().generate(prompt, { grammar: await compileRegex(/a{3}/) })).value).toBe('aaa');
    expect((await model().generate(prompt, { grammar: await compileGrammar('root ::= "b" "c"') })).value).toBe('bc');
    expect((await model().generate(prompt, { grammar: await compileChoices(['d']) })).value).toBe('d');
    expect((await model().generate(prompt, { grammar: await compileLark('start: E E\nE: "e"') })).value).toBe('ee');
    expect((await compileGrammar('%llguidance {}\nstart: "a"')).kind).toBe('lark');
    const spaced = { lark: 'start: "[" %json {"const": [1]} "]"', whitespace: 'flexible' } as const;
    expect((await model().generate(prompt, { ...spaced, seed: 3, maxTokens: 60 })).value).toMatch(/^\[\[\s*1\s*\]\]$/);
    for (const lark of [await compileLark('start: "a" <|user|> "b"'), 'start: "a" <|user|> "b"']) {
      const answer = await model().generate(prompt, typeof lark === 'string' ? { lark } : { grammar: lark });
      expect([answer.value, answer.complete]).toEqual(['ab', true]);
    }
    const named = await compileGrammar('root ::= "a" <|user|> "b"'); // a token of the model's, which is known when they meet
    for (const grammar of [named, named, 'root ::= "a" <|user|> "b"']) {
      const answer = await model().generate(prompt, { grammar });
      expect([answer.value, answer.complete]).toEqual(['ab', true]);
    }
  });
});

describe('in a conversation', () => {
  const template = '{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}{% if add_generation_prompt %}assistant: {% endif %}';
  const thinking = `${template}{% if add_generation_prompt %}<think>\n{% endif %}{# </think> #}`;

  test('the answer is bound, and kept as text', async () => {
    await using chat = model().chat({ template });
    const answer = await chat.send('Tell me of an animal.', { schema: animal, seed: 2 });
    expect(isAnimal(answer.value)).toBe(true);
    expect(chat.messages.at(-1)).toEqual({ role: 'assistant', content: answer.text });
    expect((await chat.regenerate({ choices: ['yes', 'no'] })).value).toMatch(/^(?:yes|no)$/);
  });

  test('it goes on from a prefix, which is part of the value', async () => {
    await using chat = model().chat({ template });
    const { text, value } = await chat.send('Tell me of an animal.', { schema: animal, prefix: '{"name":"Ru', seed: 2 });
    expect(isAnimal(value)).toBe(true);
    expect(value).toEqual(JSON.parse(`{"name":"Ru${text}`));
    expect((await code(chat.send('x', { schema: animal, prefix: '{"nam_' }))).code).toBe('ARGUMENT');
  });

  test('behind reasoning that the prompt begins', async () => {
    const answer = await model().generate([{ role: 'user', content: 'Hi' }], { template: thinking, schema: animal, seed: 2, reasoning: { budget: 6 } });
    expect(isAnimal(answer.value)).toBe(true);
    expect(answer.reasoning).toMatch(/\w/);
    expect(JSON.parse(answer.text)).toEqual(answer.value);
  });

  test('a reasoning that has no end is not taken for an answer', async () => {
    const answer = await model().generate([{ role: 'user', content: 'Hi' }], { template: thinking, schema: animal, seed: 2, maxTokens: 20 });
    expect(answer).toMatchObject({ complete: false, finish: 'length', text: '' });
    expect(answer.value).toBeUndefined();
  });

  describe('with tools', () => {
    const calling = `{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% for t in m.tool_calls or [] %}
<tool_call>{{ t.function | tojson }}</tool_call>{% endfor %}
{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}`;
    const parameters = {
      type: 'object',
      properties: { city: { enum: ['Bern', 'Oslo'] }, days: { type: 'integer', minimum: 1, maximum: 7 } },
      required: ['city', 'days'],
      additionalProperties: false,
    } as const;
    const clock = { type: 'object', properties: {}, additionalProperties: false } as const;
    const asked = [{ role: 'user' as const, content: 'Is it warm?' }];
    const isCall = ({ name, arguments: given }: ToolCall): boolean => {
      const { city, days, ...more } = given as { city?: unknown; days?: unknown };
      if (Object.keys(more).length > 0) return false;
      if (name === 'clock') return city === undefined && days === undefined;
      return name === 'weather' && ['Bern', 'Oslo'].includes(city as string) && Number.isInteger(days) && (days as number) >= 1 && (days as number) <= 7;
    };
    const tools = { weather: { parameters }, clock: { parameters: clock } };
    const wish = { template: calling, tools, temperature: 1.5, maxTokens: 200 };

    test.each(seeds)('a call that is required is made, and is valid, seed %i', async (seed) => {
      const { toolCalls = [], finish, problems, text } = await model().generate(asked, { ...wish, seed, toolChoice: 'required' });
      expect({ finish, problems, text }).toEqual({ finish: 'calls', problems: undefined, text: '' });
      expect(toolCalls.map(isCall)).toEqual([true]);
      const several = await model().generate(asked, { ...wish, seed, toolChoice: 'required', parallelToolCalls: true });
      expect(several.toolCalls?.length).toBeGreaterThan(0);
      expect(several.toolCalls?.every((call) => call.incomplete === true || isCall(call))).toBe(true);
    });

    test.each(seeds)('the one that is named is called, seed %i', async (seed) => {
      for (const name of ['weather', 'clock']) {
        const { toolCalls = [] } = await model().generate(asked, { ...wish, seed, toolChoice: { name } });
        expect(toolCalls.map((call) => [call.name, isCall(call)])).toEqual([[name, true]]);
      }
    });

    test.each(seeds)('an answer that is bound to a schema is that or a call, seed %i', async (seed) => {
      const { toolCalls = [], finish, value, text } = await model().generate(asked, { ...wish, seed, schema: animal });
      if (finish === 'calls') expect([toolCalls.map(isCall), value, text]).toEqual([[true], undefined, '']);
      else expect([toolCalls, isAnimal(value)]).toEqual([[], true]);
    });

    test('behind a call that was run, the answer is bound', async () => {
      const given: unknown[] = [];
      const run = (args: unknown): string => String(given.push(args));
      const answer = await model().generate(asked, {
        ...wish,
        tools: { weather: tool({ parameters, run }) },
        seed: 3,
        toolChoice: 'required',
        maxRounds: 2,
        schema: { type: 'array', items: { type: 'integer', minimum: 0, maximum: 9 }, minItems: 2, maxItems: 2 },
      });
      expect(given).toHaveLength(1);
      expect(isCall({ ...(answer.toolCalls?.[0] as ToolCall) })).toBe(true);
      if (answer.finish === 'stop') expect(answer.value).toHaveLength(2);
      else expect(answer.value).toBeUndefined();
    });

    test('what cannot stand beside them is refused', async () => {
      expect(() => model().generate(asked, { ...wish, regex: 'a' })).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
      const python = calling.replace('{{ t.function | tojson }}', '{{ t.function.name }}(probe)');
      expect((await code(model().generate(asked, { ...wish, template: python, schema: animal }))).code).toBe('UNSUPPORTED');
    });
  });
});

describe('a Standard Schema', () => {
  interface Input {
    vendor?: string;
    json?: JsonSchema;
    validate?: StandardSchema<number>['~standard']['validate'];
  }
  const numbers = ({ vendor = 'own', json, validate }: Input): StandardSchema<number> => ({
    '~standard': {
      version: 1,
      vendor,
      validate: validate ?? ((value) => ({ value: (value as number) * 2 })),
      ...(json && { jsonSchema: { input: () => json } }),
    },
  });
  const json = { type: 'integer', minimum: 3, maximum: 3 } as const;

  test('binds by its JSON Schema, validates and types the value', async () => {
    const { text, value } = await model().generate(prompt, { schema: numbers({ json }) });
    expect([text, value]).toEqual(['3', 6]);
    const awaited = numbers({ json, validate: async () => ({ value: 9 }) });
    expect((await model().generate(prompt, { schema: await compileSchema(awaited) })).value).toBe(9);
  });

  test('what only its own checks refuse is told with the text', async () => {
    const strict = numbers({ json, validate: () => ({ issues: [{ message: 'too small', path: ['a', { key: 'b' }] }] }) });
    const error = await code(model().generate(prompt, { schema: strict }));
    expect(error).toMatchObject({ code: 'SCHEMA', cause: { text: '3' } });
    expect(error.message).toMatch(/a: b: too small/);
  });

  test('whose objects name their keys has no others, unless it says so or joins them', async () => {
    const keys = { properties: { b: { const: 1 } }, required: ['b'] };
    const any = (value: unknown) => ({ value: value as number });
    const shown = async (json: JsonSchema) => (await model().generate(prompt, { schema: numbers({ json, validate: any }), maxTokens: 30 })).text;
    expect(await shown({ type: 'object', properties: { a: { type: 'object', ...keys } }, required: ['a'] })).toMatch(/^\{"a": ?\{"b": ?1\}\}$/);
    const comma = model().tokenize(',').at(-1) as number;
    const open = { type: 'object', ...keys } as const;
    for (const json of [{ ...open, additionalProperties: true }, { allOf: [open, { type: 'object', properties: { c: { const: 2 } } }] }]) {
      const { text } = await model().generate(prompt, { schema: numbers({ json, validate: any }), maxTokens: 12, logitBias: { [comma]: 100 } });
      expect(text).toMatch(/^\{"b": ?1,/);
    }
  });

  test('any number of schemas, one after the other', async () => {
    for (let i = 0; i < 2000; i++) {
      const schema = { type: 'object', properties: { [`key${i}`]: { type: 'string', maxLength: 20 } }, required: [`key${i}`] };
      expect((await compileSchema(schema)).kind).toBe('schema');
    }
  }, 60_000);

  test('one that cannot be written as JSON Schema is refused', async () => {
    expect(await code(compileSchema(numbers({})))).toMatchObject({ code: 'SCHEMA' });
    expect((await code(model().generate(prompt, { schema: numbers({ vendor: 'elsewhere' }) }))).message).toMatch(/this elsewhere schema/);
  });
});

describe('what cannot be enforced', () => {
  test('says which keyword, and where', async () => {
    const schema = { type: 'object', properties: { 'a/b': { type: 'string', pattern: '(a)\\1' } }, required: ['a/b'] };
    const expected = { code: 'SCHEMA', keyword: 'pattern', pointer: '/properties/a~1b' };
    expect(await code(model().generate(prompt, { schema }))).toMatchObject(expected);
    expect(await code(compileSchema(schema))).toMatchObject(expected);
    expect(await code(compileSchema(JSON.stringify(schema)))).toMatchObject(expected);
  });

  test.each<[string, object, string]>([
    ['no JSON', { schema: '{' }, 'SCHEMA'],
    ['a schema that nothing fits', { schema: { type: 'string', minLength: 3, maxLength: 2 } }, 'SCHEMA'],
    ['a broken regular expression', { regex: '(' }, 'ARGUMENT'],
    ['no choices', { choices: [] }, 'ARGUMENT'],
    ['a broken grammar', { grammar: 'root ::= x' }, 'ARGUMENT'],
    ['a token that the vocabulary lacks', { grammar: 'root ::= <nobody>' }, 'ARGUMENT'],
    ['a broken grammar of Lark', { lark: 'start: x' }, 'ARGUMENT'],
    ['a grammar of Lark that names such a token', { lark: 'start: <nobody>' }, 'ARGUMENT'],
    ['what would change the texts', { lark: 'start: x\nx[max_tokens=5]: /.*/' }, 'UNSUPPORTED'],
    ['a schema in a grammar of Lark', { lark: 'start: %json {"type": "hiccup"}' }, 'SCHEMA'],
  ])('%s rejects', async (_, options, expected) => {
    expect((await code(model().generate(prompt, options))).code).toBe(expected);
  });

  test.each<[string, object]>([
    ['two things', { regex: 'a', choices: ['a'] }],
    ['a layout of no JSON', { regex: 'a', whitespace: 'compact' }],
    ['flags that change a pattern', { regex: /a/i }],
    ['json: false', { json: false }],
    ['a schema that is a number', { schema: 5 }],
    ['choices that are no texts', { choices: [1] }],
  ])('%s is thrown at once', (_, options) => {
    expect(() => model().generate(prompt, options)).toThrow(expect.objectContaining({ code: 'ARGUMENT' }));
  });
});
