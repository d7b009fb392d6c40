import { LlamaError } from 'llama-ts';

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
    const chat = model().chat({ messages: [{ role: 'user', content: 'Hello' }, { role: 'assistant', content: 'Hello!' }] });
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

  test("a control token typed by a user is text", async () => {
    const ask = (content: string): Promise<number> => model().generate([{ role: 'user', content }], { ...greedy, maxTokens: 1 }).then((r) => r.usage.prompt);
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

  test('says what it wants', async () => {
    await expect(async () => model().chat({ system: 5 as unknown as string })).rejects.toThrow('system: expected a string, found 5');
    await expect(async () => model().chat().send(undefined as unknown as string)).rejects.toThrow('content: expected a string');
  });
});
