// Conversations: branches, files and settings.
import { written, pretty, schemaOf, toolsOf } from '../../web/src/data/json';
import { fits, parametersOf } from '../../web/src/data/parameters';
import { conversationFrom, exported, imported } from '../../web/src/data/transfer';
import { add, branch, choose, newConversation, nodeOf, pathTo, question, remove, settled, siblings, titleOf, waiting } from '../../web/src/data/tree';
import { plainSettings, type Answer, type Conversation } from '../../web/src/data/types';
import { de } from '../../web/src/language/de';
import { en, type Words } from '../../web/src/language/en';

const ids = (of: Conversation): string[] => branch(of).map(({ id }) => id);
const q = (id: string, parent: string | null, text = id) => ({ ...question(parent, text, 1), id });
const a = (id: string, parent: string): Answer => ({ ...waiting(parent, 'm', false, 1), id, state: 'done', text: id });

const begun = [q('q1', null), a('a1', 'q1'), q('q2', 'a1'), a('a2', 'q2')].reduce(add, newConversation('m', plainSettings, 0));

describe('branches', () => {
  test('what is added is shown', () => {
    expect(ids(begun)).toEqual(['q1', 'a1', 'q2', 'a2']);
    expect(begun.title).toBe('q1');
  });

  test('another answer stands beside the first, and each keeps what follows it', () => {
    const more = add(begun, a('b1', 'q1'));
    expect(ids(more)).toEqual(['q1', 'b1']);
    expect(siblings(more, 'b1')).toMatchObject({ index: 1, all: [{ id: 'a1' }, { id: 'b1' }] });
    expect(ids(choose(more, 'a1'))).toEqual(['q1', 'a1', 'q2', 'a2']);
  });

  test('an edited question is another branch', () => {
    const edited = add(begun, q('q3', 'a1'));
    expect(ids(edited)).toEqual(['q1', 'a1', 'q3']);
    const first = add(edited, q('q4', null));
    expect(ids(first)).toEqual(['q4']);
    expect(ids(choose(first, 'q2'))).toEqual(['q1', 'a1', 'q2', 'a2']);
  });

  test('what is taken away takes what follows along, and another is shown', () => {
    const more = add(begun, a('b1', 'q1'));
    const less = remove(more, 'b1');
    expect(ids(less)).toEqual(['q1', 'a1', 'q2', 'a2']);
    expect(ids(remove(begun, 'a1'))).toEqual(['q1']);
    expect(remove(begun, 'q1').nodes).toEqual([]);
    expect(remove(begun, 'q1').chosen).toEqual({});
  });

  test('paths', () => {
    expect(pathTo(begun, 'q2').map(({ id }) => id)).toEqual(['q1', 'a1', 'q2']);
    expect(pathTo(begun, null)).toEqual([]);
  });

  test('answers that were being made are marked', () => {
    const open = add(begun, { ...a('b1', 'q1'), state: 'running' });
    expect(nodeOf(settled(open), 'b1')).toMatchObject({ state: 'cut', text: 'b1' });
    expect(settled(begun)).toBe(begun);
  });

  test('titles', () => {
    expect(titleOf('  a\n b ')).toBe('a b');
    expect(titleOf('word '.repeat(40)).length).toBeLessThanOrEqual(61);
    expect(titleOf('x'.repeat(100))).toMatch(/^x+…$/);
  });
});

describe('files', () => {
  test('what is exported is imported as it was', () => {
    const rich: Answer = {
      ...a('b1', 'q1'),
      bound: true,
      reasoning: 'hm',
      calls: [{ id: 'c', name: 'f', arguments: '{}' }],
      timings: { promptTokens: 1, cachedTokens: 0, promptMs: 2, tokens: 3, ms: 4 },
      chances: [{ text: 'x', logprob: -1, top: [{ text: 'y', logprob: -2 }] }],
      rates: [1, 2],
    };
    const all = [add(begun, rich), { ...begun, id: 'other', settings: { ...plainSettings, system: 's', parameters: { top_k: 3 }, stop: ['x'] } }];
    expect(imported(exported(all))).toEqual(all);
  });

  test.each(['', '{}', '[]', 'null', '{"format":"x","version":1,"conversations":[]}', '{"format":"llama-ts conversations","version":2,"conversations":[]}'])(
    'refused: %j',
    (file) => {
      expect(() => imported(file)).toThrow(SyntaxError);
    },
  );

  test('what is no good in a file is left out', () => {
    const bad = {
      id: 5,
      title: { toString: 1 },
      nodes: [
        null,
        { id: 'x', parent: 'nobody', role: 'user', text: 'a' },
        { id: 'a', parent: null, role: 'admin' },
        { id: 'b', parent: null, role: 'user', text: 7 },
        { id: 'b', parent: null, role: 'user', text: 'twice' },
        { id: 'c', parent: 'c', role: 'user', text: 'itself' },
        { id: 'd', parent: 'b', role: 'assistant', text: 'ok', state: 'running', calls: [{}, { name: 'f' }], timings: { ms: 'x' }, chances: [1], rates: ['x'] },
      ],
      chosen: { '': 'b', b: 'nobody', nobody: 'b' },
      settings: { parameters: { a: 1, b: {}, c: true }, answers: 1e9, stop: [1, 'x'] },
    };
    const found = conversationFrom(bad);
    expect(found?.nodes).toMatchObject([
      { id: 'b', text: '' },
      { id: 'd', text: 'ok', state: 'cut', calls: [{ id: '', name: 'f', arguments: '' }], timings: { ms: 0 } },
    ]);
    expect(found?.chosen).toEqual({ '': 'b' });
    expect(found?.settings).toMatchObject({ parameters: { a: 1, c: true }, answers: 8, stop: ['x'] });
    expect(found?.title).toBe('');
    expect(conversationFrom(7)).toBeUndefined();
  });
});

describe('JSON that users write', () => {
  test('what is wrong, and in which line', () => {
    expect(written('{\n "a": 1,\n}').wrong?.line).toBe(3);
    expect(written('[1]')).toEqual({ value: [1] });
    expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}');
    expect(pretty('{')).toBe('{');
  });

  test('schemas and tools', () => {
    expect(schemaOf('{"type":"string"}')).toEqual({ type: 'string' });
    for (const bad of ['[]', '"a"', 'null', '{']) expect(schemaOf(bad)).toBeUndefined();
    expect(toolsOf('{"name":"f"}')).toEqual([{ type: 'function', function: { name: 'f' } }]);
    for (const bad of ['[]', '[{}]', '7', '{', '[{"name":"f"},1]']) expect(toolsOf(bad)).toBeUndefined();
  });
});

test('parameters, by the description of the server', () => {
  const schema = (properties: unknown) => ({
    paths: { '/v1/chat/completions': { post: { requestBody: { content: { 'application/json': { schema: { properties } } } } } } },
  });
  const described = schema({
    temperature: { anyOf: [{ type: 'number', minimum: 0, maximum: 2, description: 'How hot.' }, { type: 'null' }] },
    seed: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
    stream: { type: 'boolean' },
  });
  const props = { default_generation_settings: { params: { temperature: 0.8, breakers: ['x'], plain: 3 } } };
  const found = parametersOf(described, props);
  expect(found).toEqual([
    { name: 'temperature', type: 'number', minimum: 0, maximum: 2, sentence: 'How hot.', fallback: 0.8 },
    { name: 'plain', type: 'number', minimum: undefined, maximum: undefined, sentence: '', fallback: 3 },
    { name: 'seed', type: 'integer', minimum: undefined, maximum: undefined, sentence: '', fallback: undefined },
  ]);
  expect(parametersOf(undefined, undefined)).toEqual([]);
  const [temperature, , seed] = found;
  expect(temperature && [0, 2, 2.1, Number.NaN].map((value) => fits(temperature, value))).toEqual([true, true, false, false]);
  expect(seed && [1, 1.5].map((value) => fits(seed, value))).toEqual([true, false]);
});

test('languages say the same things of the same things', () => {
  const names = (words: Words): string[] => [...new Set((typeof words === 'string' ? words : words.one + words.other).match(/\{\w+\}/g))].sort();
  for (const key of Object.keys(en) as (keyof typeof en)[]) {
    expect([key, names(de[key])]).toEqual([key, names(en[key])]);
    expect([key, typeof de[key]]).toEqual([key, typeof en[key]]);
  }
});
