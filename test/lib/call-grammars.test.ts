// Calls that are required, by family: what the grammar allows is drawn at random and read back, and what the templates themselves print must be allowed.
import Ajv from 'ajv';
import { loadModel } from 'llama-ts';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { callsOf, parseOutput, type OfferedTool } from '../../lib/parse';
import { reasonings } from '../../lib/parse/families/reasoning';
import { ChatTemplate, type Message } from '../../lib/template';
import type { GrammarPart } from '../../lib/grammar-part';
import { callTemplates } from '../fixtures/call-templates';
import { walker, type Walker } from '../support/call-walks';
import { sharedPath, sharedTest } from '../support/shared';

interface Case {
  readonly name: string;
  readonly prompt: string;
  readonly output: string;
  readonly expect: { readonly content: string; readonly toolCalls: readonly { readonly name: string; readonly arguments: Record<string, unknown> }[] };
}

interface Family {
  readonly source: string;
  readonly supportsTools: boolean;
  readonly tools: readonly OfferedTool[];
  readonly cases: readonly Case[];
  readonly prompts: Readonly<Record<string, { readonly text: string }>>;
}

type Schema = Readonly<Record<string, unknown>>;
const inner = (tool: OfferedTool): { name: string; parameters: Schema } => tool.function as { name: string; parameters: Schema };

/** Whether the keys of a value come in the order of its schema. */
function ordered(value: unknown, schema: Schema = {}, sorted = false): boolean {
  if (Array.isArray(value)) return value.every((item) => ordered(item, schema.items as Schema, sorted));
  if (typeof value !== 'object' || value === null) return true;
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  const keys = sorted ? Object.keys(properties).sort() : Object.keys(properties);
  const places = Object.keys(value).map((key) => keys.indexOf(key));
  return (
    places.every((place, i) => i === 0 || place > (places[i - 1] as number)) &&
    Object.entries(value).every(([key, item]) => ordered(item, properties[key], sorted))
  );
}

const noWords = { size: 0, begin: -1, end: -1, beginText: '', endText: '', addsBegin: false, addsEnd: false, controls: [] };
const ajv = new Ajv({ strict: false });

/** What is wrong with a text that a grammar allowed. */
function faults(text: string, source: string, tools: readonly OfferedTool[], several: boolean, prompt: string): string[] {
  const { content, toolCalls, problems } = parseOutput(text, source, { tools, prompt });
  const found = problems.map(({ message }) => message);
  if (content !== '') found.push(`content: ${content}`);
  if (toolCalls.length === 0 || (!several && toolCalls.length > 1)) found.push(`${toolCalls.length} calls`);
  for (const call of toolCalls) {
    const tool = tools.find((each) => inner(each).name === call.name);
    if (!tool) found.push(`a call of ${call.name}`);
    else if (!ajv.validate(inner(tool).parameters, call.arguments)) found.push(`${call.name}: ${ajv.errorsText()} in ${call.argumentsText}`);
  }
  return found;
}

const markersIn = (text: string): string[] => text.match(/<[^<>\s'"]{1,60}>|<\|"\|>|\[\/?[A-Z_]{4,40}\]|<｜DSML｜\w+ name="|<\w+ name="/g) ?? [];
const special = (marker: string): boolean => /^(?:<[|｜]|<\w+\|>|\[[A-Z])/.test(marker);
/** The texts that are part of calls and nothing else, of a grammar. */
function textsOf(part: GrammarPart): string[] {
  if ('text' in part) return [part.text];
  if ('end' in part) return [part.end];
  if ('all' in part) return part.all.flatMap(textsOf);
  if ('any' in part) return part.any.flatMap(textsOf);
  if ('repeat' in part) return part.repeat.flatMap(textsOf);
  const { apart, mark = '' } = ('writing' in part ? part.writing : undefined) ?? {};
  return [mark, ...(apart ? [apart.first, apart.none, apart.open, ...apart.behindKey, ...apart.behind, apart.between] : [])];
}

/** Vocabularies that differ in what is a control token: nothing, what looks so, every marker. */
const vocabularies: readonly (readonly [string, (marker: string) => boolean])[] = [
  ['plain text', () => false],
  ['the usual', special],
  ['every marker', () => true],
];

async function walkerFor(part: GrammarPart, isControl: (marker: string) => boolean): Promise<Walker> {
  const texts = [...new Set(textsOf(part))].filter((text) => text.length > 1);
  const markers = [...new Set(texts.flatMap(markersIn))];
  const controls = markers.filter((marker) => isControl(marker) && !marker.endsWith('"'));
  const plain = texts.filter((text) => !controls.some((control) => text.includes(control)));
  return walker(controls, [...new Set([...plain, ...markers.filter((marker) => !controls.includes(marker))])]);
}

/** A case's calls, behind its reasoning. */
function callsIn(output: string): string {
  const ends = reasonings.flatMap((r) => r.close).map((close) => ({ at: output.lastIndexOf(close), close }));
  return output
    .slice(Math.max(0, ...ends.filter(({ at }) => at >= 0).map(({ at, close }) => at + close.length)))
    .replace(/^<response>|<\/response>$/g, '')
    .trim();
}

/** What is wrong with what a part allows, over vocabularies that differ in their control tokens; `right`: texts that it must allow. */
async function judged(
  name: string,
  source: string,
  part: GrammarPart,
  tools: readonly OfferedTool[],
  several: boolean,
  right: readonly string[],
): Promise<string[][]> {
  const wrong: string[][] = [];
  const prompt = source.includes('>>>') ? '>>>' : source.includes('<|channel|>') ? '<|start|>assistant' : '';
  for (const [which, isControl] of vocabularies) {
    const walks = await walkerFor(part, isControl);
    const grammar = await walks.compile(part);
    const drawn = await walks.drawn(grammar, [1, 2, 3, 4, 5, 6, 7, 8], 1500);
    if (drawn.length === 0) wrong.push([name, which, 'no text came to an end']);
    for (const text of drawn) wrong.push(...faults(text, source, tools, several, prompt).map((fault) => [name, which, fault, text]));
    const allowed = await walks.allowed(grammar, right);
    const ended = await walks.allowed(
      grammar,
      right.map((text) => text.replace(/<\|call\|>$/, '')),
    ); // where that is a token that ends a text
    wrong.push(...right.filter((_, i) => !allowed[i] && !ended[i]).map((text) => [name, which, 'is not allowed', text]));
    walks.tokenizer.dispose();
  }
  return wrong;
}

sharedTest('calls of every family are written, read back and valid, and what templates print is allowed', 'toolcalls/dev', async () => {
  const folder = sharedPath('toolcalls/dev');
  const families = readdirSync(folder).map((file) => [file, JSON.parse(readFileSync(join(folder, file), 'utf8')) as Family] as const);
  const unknown: string[] = [];
  const wrong: string[][] = [];
  for (const [file, { source, supportsTools, tools, cases }] of families) {
    if (!supportsTools) continue;
    const part = await callsOf(source, { tools, several: true });
    const one = await callsOf(source, { tools: tools.slice(0, 1), several: false });
    if (!part || !one) {
      unknown.push(file);
      continue;
    }
    const sorted = JSON.stringify(part).includes('"sorted":true');
    const right = cases.filter(({ output, expect: { content, toolCalls } }) => {
      const read = parseOutput(callsIn(output), source, { tools, prompt: source.includes('>>>') ? '>>>' : '' });
      const valid = read.toolCalls.every(({ name, arguments: args }) => {
        const tool = tools.find((each) => inner(each).name === name);
        return tool && ajv.validate(inner(tool).parameters, args) && ordered(args, inner(tool).parameters, sorted);
      });
      return content === '' && toolCalls.length > 0 && valid;
    });
    expect([file, right.length >= 5]).toEqual([file, true]);
    const outputs = right.map(({ output }) => callsIn(output));
    wrong.push(...(await judged(file, source, part, tools, true, outputs)), ...(await judged(file, source, one, tools.slice(0, 1), false, [])));
  }
  expect(unknown).toEqual([]);
  expect(wrong).toEqual([]);
});

describe('calls as', () => {
  const parameters = {
    type: 'object',
    properties: {
      text: { type: 'string' },
      short: { type: 'string', minLength: 2, maxLength: 5 },
      kind: { enum: ['a b', "it's", '12', 'true', '<b>\n'] },
      code: { type: 'string', pattern: '^[A-Z]{2}[0-9]+$' },
      maybe: { type: ['string', 'null'] },
      either: {
        anyOf: [
          { type: 'integer', maximum: 10 },
          { type: 'string', maxLength: 8 },
        ],
      },
      anything: {},
      word: { $ref: '#/$defs/word' },
      both: { allOf: [{ description: 'What it is.' }, { type: 'string' }] },
      list: { type: 'array', items: { type: 'string' }, maxItems: 3 },
      inner: { type: 'object', properties: { 'a b': { type: 'string' }, n: { type: 'integer', minimum: 0 } }, required: ['n'], additionalProperties: false },
      fixed: { const: 7 },
      part: { type: 'number', minimum: 0, maximum: 1 },
      on: { type: 'boolean' },
    },
    required: ['text', 'maybe', 'on'],
    additionalProperties: false,
    $defs: { word: { type: 'string', minLength: 1, maxLength: 3 } },
  };
  const tools = [
    { type: 'function', function: { name: 'do-it.now', description: 'Does it.', parameters } },
    { type: 'function', function: { name: 'clock', description: 'The time.', parameters: { type: 'object', properties: {} } } },
  ];
  const said: readonly Record<string, unknown>[] = [
    { text: 'a', maybe: null, on: true },
    { text: '', maybe: 'it', on: false },
    { text: '"quoted" \'single\' <b>&amp;</b> {a: [1]} \\n 🙂 é', maybe: null, inner: { n: 0 }, part: 0.5, on: true },
    {
      text: 'two\n  lines',
      short: 'ab',
      kind: 'a b',
      code: 'AB1',
      maybe: 'word',
      either: 10,
      word: 'abc',
      list: ['x', 'y, z'],
      inner: { n: 12 },
      fixed: 7,
      on: false,
    },
  ];

  test.each(Object.entries(callTemplates))('%s', async (name, source) => {
    const part = await callsOf(source, { tools, several: true });
    const one = await callsOf(source, { tools: tools.slice(0, 1), several: false });
    if (!part || !one) throw new Error('it is not known how they are written');
    const template = new ChatTemplate(source, noWords);
    const print = (messages: readonly Message[], begin: boolean): string =>
      template
        .render(messages, { add_generation_prompt: begin }, { now: new Date(0), lenient: true })
        .map(({ text }) => text)
        .join('');
    const printed = (names: readonly string[], given: readonly Record<string, unknown>[]): string => {
      const calls = given.map((args, i) => {
        const called = names[i] as string;
        const id = name === 'ids that count' ? `functions.${called}:${i}` : 'abc123XY0';
        return { id, type: 'function' as const, function: { name: called, arguments: args } };
      });
      const asked: Message = { role: 'user', content: 'x' };
      const whole = print([asked, { role: 'assistant', content: '', tool_calls: calls }], false);
      return whole
        .slice(print([asked], true).length)
        .replace(/<\|end of text\|>$/, '')
        .trimEnd();
    };
    const sorts = name === 'marks around strings';
    const inOrder = sorts ? said.filter((args) => ordered(args, parameters, true) || Object.keys(args).length < 4) : said;
    const prints = !name.endsWith('none');
    const right = prints ? [...inOrder.map((args) => printed(['do-it.now'], [args])), printed(['clock'], [{}])] : [];
    if (JSON.stringify(part).includes('"repeat"') && prints) right.push(printed(['clock', 'do-it.now'], [{}, said[0] as Record<string, unknown>]));
    expect([...(await judged(name, source, part, tools, true, right)), ...(await judged(name, source, one, tools.slice(0, 1), false, []))]).toEqual([]);
  });

  const some = ['JSON between markers', 'JSON with ids', 'tags for keys and values', "Python's calls", 'a name behind >>>', 'channels'].map(
    (name) => callTemplates[name] as string,
  );

  sharedTest('a model that chooses makes the call that it must', 'models/SmolLM2-135M-Instruct-Q4_1.gguf', async () => {
    const model = await loadModel(sharedPath('models/SmolLM2-135M-Instruct-Q4_1.gguf'));
    const asked = [{ role: 'user' as const, content: 'Is it warm in Bern tomorrow?' }];
    const city = {
      type: 'object',
      properties: { city: { type: 'string', maxLength: 20 }, days: { type: 'integer', minimum: 1, maximum: 7 } },
      required: ['city', 'days'],
    };
    const zone = { type: 'object', properties: { zone: { enum: ['UTC', 'CET'] } }, required: ['zone'] };
    const schemas = { weather: { ...city, additionalProperties: false }, clock: { ...zone, additionalProperties: false } };
    const offers = { weather: { parameters: schemas.weather }, clock: { parameters: schemas.clock } };
    for (const template of [undefined, ...some]) {
      for (const toolChoice of ['required', { name: 'clock' }] as const) {
        const wish = {
          tools: offers,
          toolChoice,
          seed: 1,
          maxTokens: 200,
          reasoning: { budget: 10 },
          parallelToolCalls: false,
          ...(template !== undefined && { template }),
        };
        const { toolCalls = [], finish, problems, text } = await model.generate(asked, wish);
        expect({ template, finish, problems, text, count: toolCalls.length }).toEqual({ template, finish: 'calls', problems: undefined, text: '', count: 1 });
        for (const { name, arguments: args } of toolCalls) {
          expect(toolChoice === 'required' ? Object.keys(schemas) : ['clock']).toContain(name);
          expect([args, ajv.validate(schemas[name as 'clock'], args)]).toEqual([args, true]);
        }
      }
    }
    await model.dispose();
  });

  // Each tool's schema has rules of its own, which are looked at once.
  sharedTest('one of ten thousand tools is called', 'models/SmolLM2-135M-Instruct-Q4_1.gguf', async () => {
    await using model = await loadModel(sharedPath('models/SmolLM2-135M-Instruct-Q4_1.gguf'));
    const parameters = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'], additionalProperties: false };
    const tools = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`t${i}`, { parameters }]));
    const wish = { tools, toolChoice: 'required', seed: 1, maxTokens: 100, template: 'chatml' } as const;
    const { toolCalls = [], problems } = await model.generate([{ role: 'user', content: 'Call t77.' }], wish);
    expect([problems, toolCalls.length, typeof toolCalls[0]?.arguments.n]).toEqual([undefined, 1, 'number']);
    expect(toolCalls[0]?.name).toMatch(/^t\d{1,4}$/);
  });

  sharedTest('an answer that may be a call or a bound text is one of the two', 'models/SmolLM2-135M-Instruct-Q4_1.gguf', async () => {
    const model = await loadModel(sharedPath('models/SmolLM2-135M-Instruct-Q4_1.gguf'));
    const parameters = { type: 'object', properties: { zone: { enum: ['UTC', 'CET'] } }, required: ['zone'], additionalProperties: false };
    const schema = { type: 'object', properties: { warm: { type: 'boolean' } }, required: ['warm'], additionalProperties: false } as const;
    const finishes = new Set<string>();
    for (const template of some) {
      for (const seed of [1, 2, 3]) {
        const wish = { template, seed, schema, tools: { clock: { parameters } }, temperature: 2, reasoning: { budget: 5 }, maxTokens: 300 };
        const { toolCalls = [], value, finish, problems } = await model.generate([{ role: 'user', content: 'Is it warm?' }], wish);
        finishes.add(finish);
        if (finish !== 'length') expect([template, problems]).toEqual([template, undefined]);
        if (finish === 'calls')
          for (const { arguments: args } of toolCalls) expect([template, ['UTC', 'CET'].includes(String(args.zone))]).toEqual([template, true]);
        else if (finish === 'stop') expect([template, typeof value?.warm]).toEqual([template, 'boolean']);
      }
    }
    expect([...finishes]).toEqual(expect.arrayContaining(['calls', 'stop']));
    await model.dispose();
  });

  const tagged = callTemplates['tags with attributes'] as string;
  test.each([
    ['a key that no tag holds', { 'a b"': { type: 'string' } }, 'properties', ''],
    ['a keyword that is not enforced', { a: { type: 'array', items: { type: 'string' }, uniqueItems: true } }, 'uniqueItems', '/properties/a'],
  ])('%s is refused, and named', async (_, properties, keyword, pointer) => {
    const offered = [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties } } }];
    const part = (await callsOf(tagged, { tools: offered, several: false })) as GrammarPart;
    const walks = await walker([], ['<parameter']);
    await expect(walks.compile(part)).rejects.toMatchObject({ code: 'SCHEMA', keyword, pointer, message: expect.stringContaining('tools.f.parameters: ') });
    walks.tokenizer.dispose();
  });
});
