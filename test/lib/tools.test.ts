// Calls in conversations: what is run, what the model is told, when an answer ends; by a model that says what the test wrote, and by a real one.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { editModel, embeddedModel, LlamaError, loadModel, type Chunk, type GenerateOptions, type Model, type Result, type Tool } from 'llama-ts';

import type { NativeReport, NativeRequest, Segment } from '../../lib/native';
import { Origin } from '../../lib/errors';
import { Run } from '../../lib/generation';
import { Reply, type ReplyOptions } from '../../lib/reply';
import { offered, runCall, tool, type ToolOptions } from '../../lib/tools';
import type { Message } from '../../lib/template';
import { storyModel } from './model';

const hermes =
  '{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% for t in m.tool_calls or [] %}<tool_call>{{ t.function | tojson }}</tool_call>{% endfor %}<|end|>{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}';
const call = (name: string, args: unknown): string => `<tool_call>${JSON.stringify({ name, arguments: args })}</tool_call>`;

interface Scripted {
  readonly result: Promise<Result<string>>;
  readonly run: Run;
  readonly requests: { readonly segments: readonly Segment[]; readonly ids: number[]; readonly more: Partial<NativeRequest> }[];
}

/** A reply whose model gives one text a request, letter by letter. */
function scripted(texts: readonly string[], options: ToolOptions & Partial<ReplyOptions>, signal?: AbortSignal): Scripted {
  const requests: Scripted['requests'] = [];
  const run = new Run(new Origin(scripted), 0).start((course) => {
    const reply = new Reply(
      {
        controls: [],
        ids: (segments) => Promise.resolve(Uint32Array.from(segments, (_, i) => i)),
        prompt: (added) => Promise.resolve({ segments: [{ text: `prompt ${added.length}`, control: true }], template: hermes }),
        submit: (part, inner, more) => {
          const text = texts[requests.length] ?? '';
          requests.push({ segments: part.segments, ids: [...(part.ids ?? [])], more });
          let stopped = false;
          const give = (report: Partial<NativeReport>): void => inner.report({ text: '', ids: new Uint32Array(), ...report });
          setImmediate(() => {
            for (const letter of text) if (!stopped) give({ text: letter, ids: Uint32Array.of(letter.charCodeAt(0)) });
            give({ finish: stopped ? 'aborted' : 'stop', completionTokens: text.length });
          });
          return () => {
            stopped = true;
          };
        },
      },
      course,
      { prefix: '', ...options, offered: offered(options) },
      [{ role: 'user', content: 'x' }],
    );
    reply.run().catch((error: unknown) => course.fail(error));
    return () => reply.stop();
  }, signal);
  return { result: run.then((r) => r as Result<string>), run, requests };
}

const weather = (run?: Tool['run']): Tool => ({
  description: 'The weather.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  ...(run && { run }),
});

describe('rounds', () => {
  test('tools are run, and the model goes on with what they gave', async () => {
    const asked: unknown[] = [];
    const run = (args: { city: string }): unknown => {
      asked.push(args);
      return { temperature: 7 };
    };
    const { result, requests } = scripted([`Let me see. ${call('weather', { city: 'Bern' })}`, 'It is 7 degrees.'], {
      tools: { weather: weather(run as never) },
    });
    const { text, finish, messages, toolCalls, usage } = await result;
    expect(asked).toEqual([{ city: 'Bern' }]);
    expect([text, finish, requests.length]).toEqual(['Let me see.\n\nIt is 7 degrees.', 'stop', 2]);
    expect(messages).toEqual([
      {
        role: 'assistant',
        content: 'Let me see.',
        tool_calls: [{ id: 'call00001', type: 'function', function: { name: 'weather', arguments: { city: 'Bern' } } }],
      },
      { role: 'tool', content: '{"temperature":7}', name: 'weather', tool_call_id: 'call00001' },
      { role: 'assistant', content: 'It is 7 degrees.' },
    ] satisfies Message[]);
    expect(toolCalls).toHaveLength(1);
    expect(usage.completion).toBe(`Let me see. ${call('weather', { city: 'Bern' })}It is 7 degrees.`.length);
  });

  test('as parts, in order', async () => {
    const { run } = scripted([`<think>hm</think>Hi ${call('weather', { city: 'B' })}`, 'Done.'], { tools: { weather: weather(() => 'sun') } });
    const parts: Chunk[] = [];
    for await (const part of run) parts.push(part);
    expect([...new Set(parts.map((p) => p.type))]).toEqual(['reasoning', 'text', 'callStart', 'callArguments', 'callEnd', 'toolResult']);
    expect(parts.map((p) => p.text).join('')).toBe('Hi\n\nDone.');
    expect(parts.flatMap((p) => (p.type === 'callArguments' ? [p.arguments] : [])).join('')).toBe('{"city":"B"}');
    expect(parts.find((p) => p.type === 'toolResult')).toMatchObject({ content: 'sun', failed: false, call: { name: 'weather' } });
    const { ids } = await run;
    expect(parts.flatMap((p) => [...p.ids]).length).toBeLessThanOrEqual(ids.length);
  });

  test('several calls at once, of which one throws, one lacks an argument, and one is of no tool', async () => {
    const tools = { weather: weather(() => 'sun'), fails: { run: () => Promise.reject(new Error('no line')) } };
    const said = [call('weather', { city: 'B' }), call('fails', {}), call('weather', {}), call('other', {})].join('\n');
    const { messages, problems } = await scripted([said, 'Well.'], { tools }).result;
    expect(messages?.filter((m) => m.role === 'tool').map((m) => m.content)).toEqual([
      'sun',
      'Error: no line',
      'Error: a call of weather lacks city',
      'Error: a call of other, which is no tool that was offered',
    ]);
    expect(problems?.map((p) => p.message)).toEqual(['a call of weather lacks city', 'a call of other, which is no tool that was offered']);
    expect(new Set(messages?.flatMap((m) => m.tool_call_id ?? [])).size).toBe(4);
  });

  test('without run the answer ends with the call', async () => {
    const { finish, toolCalls, messages } = await scripted([call('weather', { city: 'B' })], { tools: { weather: weather() } }).result;
    expect([finish, toolCalls?.[0]?.arguments, messages?.length]).toEqual(['calls', { city: 'B' }, 1]);
  });

  test('no more rounds than were asked for', async () => {
    const again = call('weather', { city: 'B' });
    const { requests, result } = scripted([again, again, again, again], { tools: { weather: weather(() => 'sun') }, maxRounds: 3 });
    const { finish, problems } = await result;
    expect([finish, requests.length, problems?.length]).toEqual(['calls', 3, 1]);
  });

  test('an abort ends it while a tool runs', async () => {
    const abort = new AbortController();
    let seen: AbortSignal | undefined;
    const run: Tool['run'] = (_, { signal }) => {
      seen = signal;
      setImmediate(() => abort.abort(new Error('enough')));
      return new Promise(() => {});
    };
    const { result } = scripted([call('weather', { city: 'B' })], { tools: { weather: weather(run) } }, abort.signal);
    await expect(result).rejects.toThrow('enough');
    expect(seen?.aborted).toBe(true);
  });

  test('one call an answer, where no more are wanted', async () => {
    const { requests, result } = scripted([call('weather', { city: 'A' }) + call('weather', { city: 'B' }), 'Done.'], {
      tools: { weather: weather(() => 'sun') },
      parallelToolCalls: false,
    });
    expect((await result).toolCalls?.map((c) => c.arguments)).toEqual([{ city: 'A' }]);
    expect(requests).toHaveLength(2);
  });

  test('a choice that is not kept is a problem', async () => {
    const tools = { weather: weather(), other: {} };
    expect((await scripted(['No.'], { tools, toolChoice: 'required' }).result).problems).toHaveLength(1);
    expect((await scripted([call('other', {})], { tools, toolChoice: { name: 'weather' } }).result).problems).toHaveLength(1);
    expect((await scripted([call('weather', { city: 'B' })], { tools, toolChoice: 'required' }).result).problems).toBeUndefined();
    expect((await scripted([call('weather', { city: 'B' })], { tools, toolChoice: 'none' }).result).text).toBe(call('weather', { city: 'B' }));
    expect(() => offered({ tools, toolChoice: { name: 'none such' } })).toThrow(expect.objectContaining({ code: 'ARGUMENT' }));
  });
});

describe('reasoning', () => {
  test('ends with its budget, and the model goes on from there', async () => {
    const { requests, result } = scripted(['<think>one two three four', 'The answer.'], { reasoning: { budget: 5 } });
    const { text, reasoning } = await result;
    expect(text).toBe('The answer.');
    expect(reasoning?.length).toBeLessThanOrEqual(5);
    expect('one two three four'.startsWith(reasoning ?? '?')).toBe(true);
    expect(requests[1]?.segments).toEqual([{ text: '\n</think>\n\n', control: true }]);
    expect(String.fromCharCode(...(requests[1]?.ids.slice(1) ?? []))).toBe(
      `<think>${'one two three four'.slice(0, 5)}`.slice(0, (requests[1]?.ids.length ?? 1) - 1),
    );
  });

  test('is left out where it is not wanted', async () => {
    const { text, reasoning, messages } = await scripted(['<think>hm</think>Yes.'], { reasoning: { include: false } }).result;
    expect([text, reasoning, messages]).toEqual(['Yes.', undefined, [{ role: 'assistant', content: 'Yes.' }]]);
  });
});

test('a Standard Schema checks the arguments, and run gets what it makes of them', async () => {
  const schema = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      validate: (value: unknown) => {
        const { at } = value as { at?: unknown };
        return typeof at === 'string' ? { value: { at: new Date(at) } } : { issues: [{ message: 'expected a date', path: ['at'] }] };
      },
    },
    toJsonSchema: () => ({ type: 'object', properties: { at: { type: 'string' } } }),
  };
  const made = tool({ parameters: schema, run: ({ at }) => at.getUTCFullYear() });
  const signal = new AbortController().signal;
  const asked = (args: Record<string, unknown>) => ({ name: 'f', arguments: args, argumentsText: JSON.stringify(args) });
  expect(offered({ tools: { f: made } })).toMatchObject([{ function: { name: 'f', parameters: { properties: { at: { type: 'string' } } } } }]);
  expect(await runCall(made, asked({ at: '2026-01-01' }), [], signal)).toEqual({ content: '2026', failed: false });
  expect(await runCall(made, asked({}), [], signal)).toEqual({ content: 'Error: at: expected a date', failed: true });
});

describe('with a model', () => {
  const model = storyModel();
  const greedy = { temperature: 0, maxTokens: 40, template: hermes };

  test('a call that an answer begins with is run, and the conversation keeps all', async () => {
    const told: string[] = [];
    const chat = model().chat({
      template: hermes,
      tools: { weather: weather((({ city }: { city: string }) => void told.push(city)) as never) },
    });
    const { messages, finish } = await chat.send('Tell me a story.', { ...greedy, prefix: call('weather', { city: 'Bern' }), stop: ['.'] });
    expect(told).toEqual(['Bern']);
    expect(messages?.map((m) => m.role)).toEqual(['assistant', 'tool', 'assistant']);
    expect(chat.messages.slice(1)).toEqual(messages);
    expect(finish).toBe('stop');
    expect(model().chat(chat.toJSON()).messages).toEqual(chat.messages);
  });

  test('an assistant message at the end is continued', async () => {
    const begun = 'Once upon a time, there was a';
    const user = { role: 'user', content: 'Tell me a story.' } as const;
    const { text } = await model().generate([user, { role: 'assistant', content: begun }], { temperature: 0, maxTokens: 20 });
    const chat = model().chat();
    expect((await chat.send(user.content, { temperature: 0, maxTokens: 20, prefix: begun })).text).toBe(text);
  });

  test('messages as OpenAI writes them', async () => {
    const template =
      '{% for m in messages %}{{ m.role }}: {{ m.content }}{% for t in m.tool_calls or [] %}[{{ t.function.arguments.city }}]{% endfor %}{{ m.tool_call_id }}\n{% endfor %}';
    const messages = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Hello' },
          { type: 'text', text: ' you' },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [{ id: 'a', type: 'function', function: { name: 'w', arguments: '{"city": "Bern"}' } }] },
      { role: 'tool', tool_call_id: 'a', content: '7' },
    ] as const;
    const { usage } = await model().generate(messages, { template, maxTokens: 1, temperature: 0 });
    const said = 'user: Hello you\nassistant: [Bern]\ntool: 7a\n';
    expect(usage.prompt).toBe((await model().generate(said, { maxTokens: 1 })).usage.prompt);
  });

  test('what is wrong is said', async () => {
    expect(() => model().generate('x', { tools: { weather: weather() } })).toThrow(LlamaError);
    expect(() => model().chat({ tools: { 'a b': {} } })).toThrow("tools: a tool's name: expected up to 64 letters");
    const image = [{ role: 'user', content: [{ type: 'image_url', text: '' }] }] as never;
    await expect(model().generate(image)).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(model().chat({ template: 'no-such' }).send('x')).rejects.toMatchObject({
      code: 'ARGUMENT',
      message: expect.stringContaining('chatml') as string,
    });
  });

  // The template's own form of a call is a control token of the model, which the model is made to write.
  test('control tokens are letters where calls are read, and nothing elsewhere', async () => {
    const template = hermes.replace('<tool_call>', '<|user|>').replace('</tool_call>', '<|assistant|>');
    const [id] = model().tokenize('<|user|>', { special: true });
    const forced = { ...greedy, template, maxTokens: 2, logitBias: { [id as number]: 1e9 } };
    const messages = [{ role: 'user', content: 'x' }] as const;
    const { text, problems } = await model().generate(messages, { ...forced, tools: { weather: weather() } });
    expect([text, problems?.map((p) => p.raw).join('')]).toEqual(['<|user|><|user|>', '<|user|><|user|>']);
    expect((await model().generate(messages, forced)).text).toBe('');
    expect((await model().generate(messages, { ...forced, template: hermes, tools: { weather: weather() } })).text).toBe('');
  });
});

describe('templates of a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'llama-ts-tools-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const prompt = (rendered: string, model: Model): Promise<number> => model.generate(rendered, { maxTokens: 1 }).then((r) => r.usage.prompt);
  const asked = [{ role: 'user', content: 'x' }] as const;

  test('by name, and tool_use where tools are offered', async () => {
    const to = join(folder, 'named.gguf');
    const named = (name: string, value: string) => ({ key: `tokenizer.chat_template.${name}`, type: 'str' as const, value });
    await editModel(embeddedModel, {
      to,
      set: [named('tool_use', 'one two three {{ messages[0].content }}'), named('other', 'one {{ messages[0].content }}')],
    });
    await using model = await loadModel(to, { threads: 1 });
    expect(Object.keys(model.info.chatTemplates)).toEqual(['default', 'tool_use', 'other']);
    const tokens = (options: GenerateOptions): Promise<number> => model.generate(asked, { maxTokens: 1, ...options }).then((r) => r.usage.prompt);
    expect(await tokens({ tools: { weather: weather() } })).toBe(await prompt('one two three x', model));
    expect(await tokens({ template: 'other' })).toBe(await prompt('one x', model));
    expect(await tokens({ template: 'other' })).not.toBe(await tokens({}));
  });

  test('a model without one is spoken to in ChatML, with a word about it', async () => {
    const to = join(folder, 'bare.gguf');
    await editModel(embeddedModel, { to, remove: ['tokenizer.chat_template'] });
    await using model = await loadModel(to, { threads: 1 });
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { usage } = await model.generate(asked, { maxTokens: 1 });
    await model.generate(asked, { maxTokens: 1 });
    const told = warned.mock.calls.map(([message]) => String(message));
    warned.mockRestore();
    expect(usage.prompt).toBe(await prompt('<|im_start|>user\nx<|im_end|>\n<|im_start|>assistant\n', model));
    expect(told.filter((message) => message.includes('ChatML'))).toHaveLength(1);
  });
});
