import { LlamaError, type ChatOptions } from 'llama-ts';

import { storyModel } from './model';

const model = storyModel();
const greedy = { temperature: 0, maxTokens: 60 };

describe('chat', () => {
  test('keeps its history', async () => {
    const chat = model().chat();
    const { text } = await chat.send('Tell me a story about a cat named Mia.', greedy);
    expect(text).toContain('Mia');
    expect(chat.messages).toEqual([
      { role: 'user', content: 'Tell me a story about a cat named Mia.' },
      { role: 'assistant', content: text },
    ]);
    const { usage } = await chat.send('Tell me a story about a dog.', greedy);
    expect(usage.prompt).toBeGreaterThan(60);
    expect(chat.messages).toHaveLength(4);
  });

  test('streams', async () => {
    let text = '';
    for await (const chunk of model().chat().send('Tell me a story about a fox.', greedy)) text += chunk.text;
    expect(text.length).toBeGreaterThan(20);
  });

  test('forks', async () => {
    const chat = model().chat();
    await chat.send('Tell me a story about a cat named Mia.', greedy);
    const fork = chat.fork();
    await fork.send('Tell me a story about a dog.', greedy);
    expect([chat.messages.length, fork.messages.length]).toEqual([2, 4]);
  });

  test('an answer that fails leaves no trace', async () => {
    const chat = model().chat({
      messages: [
        { role: 'user', content: 'Hello' },
        { role: 'assistant', content: 'Hello!' },
      ],
    });
    const answer = chat.send('Tell me a story.', { maxTokens: 500, ignoreEnd: true });
    await answer[Symbol.asyncIterator]().next();
    answer.abort(new Error('stop'));
    await expect(answer).rejects.toThrow('stop');
    expect(chat.messages).toHaveLength(2);
    await chat.send('Tell me a story.', greedy);
    expect(chat.messages).toHaveLength(4);
  });

  test('one answer at a time', async () => {
    const chat = model().chat();
    const answer = chat.send('Tell me a story.', greedy);
    await expect(chat.send('And another.')).rejects.toThrow(LlamaError);
    await answer;
  });

  test('a control token typed by a user is text', async () => {
    const ask = (content: string): Promise<number> =>
      model()
        .generate([{ role: 'user', content }], { ...greedy, maxTokens: 1 })
        .then((r) => r.usage.prompt);
    const plain = await ask('Hi');
    expect(await ask('Hi<|end|>')).toBe(plain + model().tokenize('<|end|>').length);
  });

  test('takes a template, and tells what it refuses', async () => {
    const template = "{% for m in messages %}{% if m.role != 'user' %}{{ raise_exception('users only') }}{% endif %}{{ m.content }}{{ suffix }}{% endfor %}";
    const chat = model().chat({ template, variables: { suffix: '' } });
    const { text } = await chat.send('Once upon a time', greedy);
    expect(text).toBe((await model().generate('Once upon a time', greedy)).text);
    await expect(chat.send('more')).rejects.toMatchObject({ code: 'TEMPLATE', message: expect.stringContaining('users only') as string });
    await expect(model().chat({ template: '{% for' }).send('x')).rejects.toMatchObject({ code: 'TEMPLATE' });
    await expect(model().chat({ template: '{% for i in range(1000000000) %}x{% endfor %}' }).send('x')).rejects.toMatchObject({ code: 'TEMPLATE' });
  });

  test('says what it wants, at once', () => {
    expect(() => model().chat({ system: 5 as unknown as string })).toThrow('system: expected a string, found 5');
    expect(() =>
      model()
        .chat()
        .send(undefined as unknown as string),
    ).toThrow('content: expected a string');
    expect(() => model().chat().send('x', { temperature: -1 })).toThrow('temperature: expected');
    expect(() =>
      model()
        .chat()
        .send('x', { prefix: 5 as unknown as string }),
    ).toThrow('prefix: expected a string');
    expect(() => model().chat({ system: 'x', messages: [{ role: 'system', content: 'y' }] })).toThrow('system: messages begin with');
  });
});

describe('messages', () => {
  test('cannot be changed from outside', async () => {
    const given = [{ role: 'user' as const, content: 'Hello' }];
    const chat = model().chat({ system: 'Be brief.', messages: given });
    const before = chat.messages;
    expect(() => (before as unknown[]).push({ role: 'robot' })).toThrow(TypeError);
    for (const message of before) expect(() => Object.assign(message, { content: 'edited' })).toThrow(TypeError);
    given[0] = { role: 'user', content: 'other' };
    (given as unknown[]).push(5);
    expect(chat.messages.map((m) => m.content)).toEqual(['Be brief.', 'Hello']);
    await chat.send('Hi', { ...greedy, maxTokens: 2 });
    for (const message of [...chat.messages, ...chat.fork().messages]) expect(Object.isFrozen(message)).toBe(true);
    expect(Object.isFrozen(chat.messages)).toBe(true);
    expect([before.length, chat.messages.length]).toEqual([2, 4]);
  });

  test('go through JSON, with the settings', async () => {
    const template = '{% for m in messages %}{{ m.content }}{{ suffix }}{% endfor %}';
    const chat = model().chat({ system: 'Once', template, variables: { suffix: ' upon' }, contextFull: 'dropOldest' });
    await chat.send(' a', { ...greedy, maxTokens: 3 });
    const saved: unknown = JSON.parse(JSON.stringify(chat));
    expect(saved).toEqual({ messages: chat.messages, template, variables: { suffix: ' upon' }, contextFull: 'dropOldest' });
    const again = model().chat(saved as ChatOptions);
    expect((await again.send('x', greedy)).text).toBe((await chat.send('x', greedy)).text);
    expect(model().chat(JSON.parse(JSON.stringify(model().chat())) as ChatOptions).messages).toEqual([]);
  });

  test('edit replaces one and drops what answered it', async () => {
    const chat = model().chat();
    await chat.send('Tell me a story about a cat named Mia.', greedy);
    await chat.send('And now?', { ...greedy, maxTokens: 2 });
    chat.edit(0, 'Tell me a story about a dog.');
    expect(chat.messages).toEqual([{ role: 'user', content: 'Tell me a story about a dog.' }]);
    const { text } = await chat.regenerate(greedy);
    expect(text).toBe((await model().chat().send('Tell me a story about a dog.', greedy)).text);
    chat.edit(1, { role: 'assistant', content: 'No.' });
    expect(chat.messages.map((m) => m.content)).toEqual(['Tell me a story about a dog.', 'No.']);
    for (const index of [-1, 2, 0.5, '0', undefined]) expect(() => chat.edit(index as number, 'x')).toThrow('index: expected an integer from 0 to 1');
    expect(() => chat.edit(0, { role: 'robot', content: 'x' } as never)).toThrow('role: expected one of');
    expect(() => chat.edit(0, 5 as never)).toThrow(LlamaError);
    expect(() => model().chat().edit(0, 'x')).toThrow('there are no messages yet');
    expect(chat.messages).toHaveLength(2);
  });
});

describe('regenerate', () => {
  test('gives another answer to the same question, once it is complete', async () => {
    const chat = model().chat();
    const question = 'Tell me a story about a cat named Mia.';
    const first = await chat.send(question, greedy);
    const answer = chat.regenerate({ ...greedy, seed: 3, temperature: 1.5 });
    expect(chat.messages.at(-1)?.content).toBe(first.text);
    const { text } = await answer;
    expect(chat.messages).toEqual([
      { role: 'user', content: question },
      { role: 'assistant', content: text },
    ]);
    expect(text).toBe(
      (
        await model()
          .chat()
          .send(question, { ...greedy, seed: 3, temperature: 1.5 })
      ).text,
    );
    await expect(chat.regenerate({ ...greedy, signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow('no');
    expect(chat.messages.at(-1)?.content).toBe(text);
  });

  test('needs a question', async () => {
    await expect(model().chat({ system: 'x' }).regenerate()).rejects.toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringContaining('regenerate:') as string,
    });
  });
});

describe('an aborted answer', () => {
  const long = { temperature: 0, maxTokens: 500, ignoreEnd: true };

  test.each([true, false])('keepPartial: %s', async (keepPartial) => {
    const chat = model().chat();
    let shown = '';
    for await (const { text } of chat.send('Tell me a story.', { ...long, keepPartial })) {
      shown += text;
      if (shown.length > 20) break;
    }
    const kept = [
      { role: 'user', content: 'Tell me a story.' },
      { role: 'assistant', content: shown },
    ];
    expect(chat.messages).toEqual(keepPartial ? kept : []);
    await chat.send('Go on.', greedy);
  });

  test('by a signal, with a prefix', async () => {
    const chat = model().chat();
    const controller = new AbortController();
    const answer = chat.send('Tell me a story.', { ...long, keepPartial: true, prefix: 'Well, ', signal: controller.signal });
    const { value } = await answer[Symbol.asyncIterator]().next();
    controller.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    expect(chat.messages.at(-1)).toEqual({ role: 'assistant', content: `Well, ${value?.text}` });
  });

  test('that showed nothing leaves no trace', async () => {
    const chat = model().chat();
    const answer = chat.send('Tell me a story.', { ...long, keepPartial: true });
    answer.abort(new Error('enough'));
    await expect(answer).rejects.toThrow('enough');
    expect(chat.messages).toEqual([]);
    await expect(chat.send('x', { keepPartial: true, logitBias: { 99999: 1 } })).rejects.toThrow(LlamaError);
    expect(chat.messages).toEqual([]);
  });
});

describe('a prefix', () => {
  const template = '{% for m in messages %}{{ m.content }}{% endfor %}{{ tail }}';

  test('is where the answer goes on from, and part of the message', async () => {
    const chat = model().chat({ template, variables: { tail: '' } });
    const { text } = await chat.send('Once upon', { ...greedy, prefix: ' a time' });
    expect(text).toBe((await model().generate('Once upon a time', greedy)).text);
    expect(chat.messages).toEqual([
      { role: 'user', content: 'Once upon' },
      { role: 'assistant', content: ` a time${text}` },
    ]);
  });

  test.each(['<|end|>', '|end|> and', 'x<|end|>'])('%s makes no control token', async (prefix) => {
    for (const tail of ['', '<']) {
      const chat = model().chat({ template, variables: { tail } });
      const { usage } = await chat.send('Hi', { ...greedy, maxTokens: 1, prefix });
      const ids = [...model().tokenize(`Hi${tail}`), ...model().tokenize(prefix)];
      const whole = [...model().tokenize(`Hi${tail}${prefix}`)];
      expect([ids.length + 1, whole.length + 1]).toContain(usage.prompt);
      expect(usage.prompt).toBeGreaterThan(model().tokenize(`Hi${tail}${prefix}`, { special: true }).length + (prefix.startsWith('|') && tail === '' ? 0 : 1));
    }
  });
});

describe('a full context', () => {
  const small = storyModel({ contextTokens: 256 });
  const says = (i: number): string => `Tell me a long story about number ${i} and a cat named Mia who went to the big red house.`;
  const history = Array.from({ length: 30 }, (_, i) => ({ role: i % 2 ? ('assistant' as const) : ('user' as const), content: says(i) }));

  test('is an error by default', async () => {
    const chat = small().chat({ messages: history });
    await expect(chat.send('Hi', { maxTokens: 4 })).rejects.toMatchObject({ code: 'CONTEXT' });
    expect(chat.messages).toHaveLength(30);
  });

  test('dropOldest leaves out the oldest turns, and says how many messages', async () => {
    const chat = small().chat({ system: 'You tell stories.', messages: history, contextFull: 'dropOldest' });
    const result = await chat.send('Tell me a story.', { ...greedy, maxTokens: 16 });
    const dropped = result.dropped ?? 0;
    expect(dropped % 2).toBe(0);
    expect(dropped).toBeGreaterThan(0);
    expect(chat.messages).toHaveLength(33);
    // The same as a chat that never had them, and no more are left out than must be.
    const kept = small().chat({ system: 'You tell stories.', messages: history.slice(dropped) });
    expect(await kept.send('Tell me a story.', { ...greedy, maxTokens: 16 })).toMatchObject({ text: result.text, usage: { prompt: result.usage.prompt } });
    const more = small().chat({ system: 'You tell stories.', messages: history.slice(dropped - 2) });
    const { usage } = await more.send('Tell me a story.', { ...greedy, maxTokens: 1 }).catch(() => ({ usage: { prompt: 256 } }));
    expect(usage.prompt).toBeGreaterThan(256 - 16);
    // The window moves on only where it must.
    expect((await chat.send('And?', { ...greedy, maxTokens: 1 })).dropped).toBe(dropped);
  });

  test('nothing is dropped where all fits, and the last turn never', async () => {
    const chat = small().chat({ contextFull: 'dropOldest' });
    expect((await chat.send('Hi', { ...greedy, maxTokens: 4 })).dropped).toBe(0);
    const long = small().chat({ messages: history, contextFull: 'dropOldest' });
    await expect(long.send('cat '.repeat(400), { maxTokens: 4 })).rejects.toMatchObject({ code: 'CONTEXT' });
    const nearly = await long.send('cat '.repeat(150), { ...greedy, maxTokens: 400 });
    expect(nearly).toMatchObject({ dropped: 30, finish: expect.stringMatching(/stop|context/) as string });
  });
});
