import { isUint32Array } from 'node:util/types';

import { embeddedModel, loadTokenizer } from 'llama-ts';

import { storyModel } from './model';

const model = storyModel();

describe('tokenize', () => {
  test('gives ids, and detokenize the text', () => {
    const text = 'Once upon a time, a brave fox saw 3 ünïcödé 🦊.';
    const ids = model().tokenize(text);
    expect(isUint32Array(ids)).toBe(true);
    expect(model().detokenize(ids)).toBe(text);
    expect(model().detokenize([...ids])).toBe(text);
  });

  test('recognises control tokens only where asked', () => {
    expect([...model().tokenize('<|end|>', { special: true })]).toEqual([1]);
    expect(model().tokenize('<|end|>').length).toBeGreaterThan(1);
    expect(model().detokenize([1])).toBe('');
    expect(model().detokenize([1], { special: true })).toBe('<|end|>');
  });

  test('says what it wants', () => {
    expect(() => model().tokenize(5 as unknown as string)).toThrow('text: expected a string, found 5');
    expect(() => model().detokenize([1.5])).toThrow('ids[0]: expected an integer');
    expect(() => model().detokenize([5000])).toThrow(expect.objectContaining({ code: 'ARGUMENT' }) as Error);
  });
});

describe('loadTokenizer', () => {
  test('is the tokenizer of the model', async () => {
    const tokenizer = await loadTokenizer(embeddedModel);
    expect(tokenizer.size).toBe(1024);
    for (const text of ['', ' ', 'Tell me a story.', '<|user|>\nHi']) {
      expect(tokenizer.encode(text)).toEqual(model().tokenize(text));
      expect(tokenizer.decode(tokenizer.encode(text, { special: true }), { special: true })).toBe(text);
    }
    tokenizer.dispose();
    expect(() => tokenizer.encode('x')).toThrow(expect.objectContaining({ code: 'DISPOSED' }) as Error);
  });
});
