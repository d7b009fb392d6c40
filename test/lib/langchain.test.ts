// LangChain with our models: its calls' results against the model's own.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { InMemoryCache } from '@langchain/core/caches';
import { AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage, type UsageMetadata } from '@langchain/core/messages';
import { StringOutputParser } from '@langchain/core/output_parsers';
import { ChatPromptTemplate } from '@langchain/core/prompts';
import { tool } from '@langchain/core/tools';
import { ChatLlama, LlamaEmbeddings, type ChatLlamaFields } from 'llama-ts/langchain';
import { z } from 'zod';
import { z as z3 } from 'zod/v3';

import { messagesOf } from '../../lib/langchain/messages';
import { hermes, onModels, thinker } from '../support/ecosystem';
import { root } from '../support/shared';

const asked = 'Tell me of a cat.';
/** LangChain's own declaration says `never` where optional properties are exact. */
const usageOf = (message: unknown): UsageMetadata => (message as { usage_metadata: UsageMetadata }).usage_metadata;

const city = z.object({ city: z.enum(['Bern', 'Oslo']) });
const person = z.object({ name: z.string().max(8), kind: z.enum(['fox', 'owl']), age: z.number().int().min(1).max(20) });

onModels((model) => {
  const chat = (settings: Omit<ChatLlamaFields, 'model'> = {}) => new ChatLlama({ model: model(), temperature: 0, maxTokens: 12, ...settings });

  test('invoke gives what generate gives, and says what it took', async () => {
    const own = await model().generate(
      [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: asked },
      ],
      { temperature: 0, maxTokens: 12, seed: 3 },
    );
    const message = await chat({ seed: 3 }).invoke([new SystemMessage('Be brief.'), new HumanMessage(asked)]);
    expect(message).toBeInstanceOf(AIMessage);
    expect(message.content).toBe(own.text);
    expect(usageOf(message)).toEqual({
      input_tokens: own.usage.prompt,
      output_tokens: own.usage.completion,
      total_tokens: own.usage.prompt + own.usage.completion,
      input_token_details: { cache_read: own.usage.prompt - 1 },
      output_token_details: { reasoning: 0 },
    });
    expect(message.response_metadata).toMatchObject({ finish_reason: own.finish, seed: 3, model_provider: 'llama-ts' });
  });

  test('stream gives the same, chunk by chunk, its last with the usage', async () => {
    const whole = await chat().invoke(asked);
    let all: AIMessageChunk | undefined;
    const chunks: AIMessageChunk[] = [];
    for await (const chunk of await chat().stream(asked)) {
      chunks.push(chunk);
      all = all ? all.concat(chunk) : chunk;
    }
    expect(chunks.length).toBeGreaterThan(3);
    expect(all).toBeInstanceOf(AIMessageChunk);
    expect(all?.content).toBe(whole.content);
    expect(chunks.filter((chunk) => usageOf(chunk) !== undefined)).toHaveLength(1);
    expect(usageOf(all)).toMatchObject({ output_tokens: usageOf(whole).output_tokens });
    expect(all?.response_metadata).toMatchObject({ finish_reason: whole.response_metadata.finish_reason });
  });

  test('callbacks are told of tokens, and of the end', async () => {
    const told: string[] = [];
    const tokens: string[] = [];
    const callbacks = [
      {
        handleChatModelStart: () => void told.push('start'),
        handleLLMNewToken: (token: string) => void tokens.push(token),
        handleLLMEnd: () => void told.push('end'),
        handleLLMError: (error: Error) => void told.push(error.message),
      },
    ];
    let text = '';
    for await (const chunk of await chat().stream(asked, { callbacks })) text += chunk.content as string;
    expect(tokens.join('')).toBe(text);
    expect(told).toEqual(['start', 'end']);
    await expect(chat({ callbacks }).invoke('a cat and '.repeat(3000))).rejects.toMatchObject({ code: 'CONTEXT' });
    expect(told.slice(2)).toEqual(['start', expect.stringContaining('context')]);
  });

  test('the configuration of runnables: chains, batches, tags, options of one call', async () => {
    const seen: unknown[] = [];
    const chain = ChatPromptTemplate.fromMessages([
      ['system', 'Be brief.'],
      ['human', 'Tell me of a {animal}.'],
    ])
      .pipe(chat())
      .pipe(new StringOutputParser());
    const handler = { handleChatModelStart: (...args: unknown[]) => void seen.push(args[5], args[6]) };
    const config = { tags: ['a-tag'], metadata: { a: 1 }, callbacks: [handler] };
    const [cat, dog] = await chain.batch([{ animal: 'cat' }, { animal: 'dog' }], config);
    expect(cat).toBe(await chain.invoke({ animal: 'cat' }));
    expect(dog).toBe(await chain.invoke({ animal: 'dog' }));
    expect(seen).toContainEqual(expect.objectContaining({ a: 1, ls_provider: 'llama-ts', ls_temperature: 0, ls_max_tokens: 12 }));
    expect(seen).toContainEqual(expect.arrayContaining(['a-tag']));
    const short = await chat().withConfig({ maxTokens: 2 }).invoke(asked);
    expect(usageOf(short).output_tokens).toBe(2);
    const chosen = await chat().invoke(asked, { choices: ['yes', 'no'], stop: ['never'] });
    expect(['yes', 'no']).toContain(chosen.content);
    await expect(chat().invoke(asked, { temperature: -1 })).rejects.toMatchObject({ code: 'ARGUMENT' });
  });

  test('a cache tells calls apart by their settings', async () => {
    const cache = new InMemoryCache();
    const generate = jest.spyOn(model(), 'generate');
    try {
      for (const seed of [1, 1, 2]) await chat({ cache, seed }).invoke(asked);
      expect(generate).toHaveBeenCalledTimes(2);
    } finally {
      generate.mockRestore();
    }
  });

  test('a signal ends an answer, and a stream that nobody reads on ends, too', async () => {
    const endless = chat({ ignoreEnd: true, maxTokens: 100_000 });
    const abort = new AbortController();
    const reading = (async () => {
      for await (const _ of await endless.stream(asked, { signal: abort.signal })) abort.abort(new Error('enough'));
    })();
    await expect(reading).rejects.toThrow('enough');
    await expect(endless.invoke(asked, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
    for await (const _ of await endless.stream(asked)) break;
    expect(usageOf(await chat({ maxTokens: 1 }).invoke(asked)).output_tokens).toBe(1);
  });

  const weather = tool(() => '7 degrees', { name: 'weather', description: 'The weather in a city.', schema: city });

  test('bindTools: calls as their schemas say, whole and streamed', async () => {
    for (const tool_choice of ['any', 'weather', { type: 'function', function: { name: 'weather' } }]) {
      const bound = chat({ template: hermes, maxTokens: 200 }).bindTools([weather], { tool_choice });
      const message = await bound.invoke(asked);
      expect(message.tool_calls).toHaveLength(1);
      const [call] = message.tool_calls ?? [];
      expect(city.parse(call?.args)).toEqual(call?.args);
      expect(message.response_metadata.finish_reason).toBe('tool_calls');
      let all: AIMessageChunk | undefined;
      for await (const chunk of await bound.stream(asked)) all = all ? all.concat(chunk) : chunk;
      expect(all?.tool_calls).toEqual(message.tool_calls);
      expect(JSON.parse(all?.tool_call_chunks?.[0]?.args ?? '')).toEqual(call?.args);
    }
  });

  test('what a tool gives is part of the next prompt', async () => {
    const plain = {
      type: 'function',
      function: { name: 'weather', parameters: { type: 'object', properties: { city: { enum: ['Bern'] } }, required: ['city'] } },
    };
    const llama = chat({ template: hermes, maxTokens: 200 });
    const said = await llama.bindTools([plain], { tool_choice: 'required' }).invoke(asked);
    const result = await weather.invoke({ ...said.tool_calls![0]!, type: 'tool_call' });
    expect(result).toBeInstanceOf(ToolMessage);
    const answer = await llama.bindTools([plain], { tool_choice: 'none' }).invoke([new HumanMessage(asked), said, result]);
    expect(usageOf(answer).input_tokens).toBeGreaterThan(usageOf(said).input_tokens);
    expect(answer.tool_calls).toEqual([]);
  });

  test('a call that is cut off is an invalid one', async () => {
    const say = tool(() => '', { name: 'say', schema: z.object({ text: z.string().min(2000) }) });
    const message = await chat({ template: hermes, maxTokens: 100 }).bindTools([say], { tool_choice: 'any' }).invoke(asked);
    expect(message.tool_calls).toEqual([]);
    expect(message.invalid_tool_calls).toEqual([expect.objectContaining({ name: 'say', args: expect.stringMatching(/^\{"text":/) })]);
  });

  const old = z3.object({ kind: z3.enum(['fox', 'owl']), age: z3.number().int().min(1).max(20) });

  test('withStructuredOutput is enforced: Zod 4 and 3, JSON Schema, response_format', async () => {
    const wild = chat({ temperature: 2, maxTokens: 300 });
    for (const seed of [1, 2, 3]) {
      const found = await wild
        .withConfig({ seed })
        .invoke(asked, { response_format: { type: 'json_schema', json_schema: { schema: z.toJSONSchema(person) } } });
      expect(person.safeParse(JSON.parse(found.content as string)).success).toBe(true);
    }
    const typed = await wild.withStructuredOutput(person).invoke(asked);
    expect(person.parse(typed)).toEqual(typed);
    expect(old.safeParse(await wild.withStructuredOutput(old).invoke(asked)).success).toBe(true);
    const schema = { type: 'object', properties: { sun: { type: 'boolean' } }, required: ['sun'], additionalProperties: false };
    expect(await wild.withStructuredOutput(schema, { method: 'functionCalling' }).invoke(asked)).toEqual({ sun: expect.any(Boolean) });
    const { raw, parsed } = await wild.withStructuredOutput(person, { includeRaw: true }).invoke(asked);
    expect(JSON.parse(raw.content as string)).toEqual(parsed);
    const any = await wild.invoke(asked, { response_format: { type: 'json_object' }, seed: 5, maxTokens: 400 });
    expect(any.response_metadata.complete === false || typeof JSON.parse(any.content as string) === 'object').toBe(true);
  });

  test('an answer that is cut off, or that its library refuses, is an error, and raw beside nothing parsed', async () => {
    const short = chat({ maxTokens: 3 });
    await expect(short.withStructuredOutput(person).invoke(asked)).rejects.toThrow('the answer was cut off (length): give it more maxTokens');
    const never = person.refine(() => false, 'never');
    const refused = chat({ maxTokens: 300 });
    await expect(refused.withStructuredOutput(never).invoke(asked)).rejects.toThrow(/own checks refuse it: never/);
    const { raw, parsed } = await refused.withStructuredOutput(never, { includeRaw: true }).invoke(asked);
    expect(parsed).toBeNull();
    expect(person.safeParse(JSON.parse(raw.content as string)).success).toBe(true);
  });

  test('reasoning is beside the content, and counted', async () => {
    const thinking = chat({ template: thinker, reasoning: { budget: 6 }, maxTokens: 30 });
    const message = await thinking.invoke(asked);
    expect(message.additional_kwargs.reasoning_content).toMatch(/./);
    expect(usageOf(message).output_token_details?.reasoning).toBeGreaterThan(0);
    let content = '';
    let thought = '';
    for await (const chunk of await thinking.stream(asked)) {
      content += chunk.content as string;
      thought += (chunk.additional_kwargs.reasoning_content as string | undefined) ?? '';
    }
    expect(thought.trim()).toMatch(/./);
    expect(content).not.toContain('think>');
  });

  test('streamEvents tells of the model', async () => {
    const names = new Set<string>();
    for await (const { event } of chat().streamEvents(asked, { version: 'v2' })) names.add(event);
    expect([...names]).toEqual(['on_chat_model_start', 'on_chat_model_stream', 'on_chat_model_end']);
  });

  test('embeddings are those that embed gives', async () => {
    const reader = new LlamaEmbeddings({ model: model(), instruction: 'passage: ', queryInstruction: 'query: ' });
    const own = await model().embed(['passage: a cat', 'passage: a dog', 'query: a cat']);
    expect(await reader.embedDocuments(['a cat', 'a dog'])).toEqual(own.slice(0, 2).map((vector) => Array.from(vector)));
    expect(await reader.embedQuery('a cat')).toEqual(Array.from(own[2] as Float32Array));
    expect(await reader.embedDocuments([])).toEqual([]);
  });
});

test('messages become ours', () => {
  const messages = messagesOf([
    new SystemMessage('Be brief.'),
    new HumanMessage({
      content: [
        { type: 'text', text: 'Is it ' },
        { type: 'text', text: 'warm?' },
      ],
      name: 'Ann',
    }),
    new AIMessage({
      content: [
        { type: 'reasoning', reasoning: 'Look it up.' },
        { type: 'text', text: 'One moment.' },
      ],
      tool_calls: [{ id: 'c1', name: 'weather', args: { city: 'Bern' } }],
    }),
    new ToolMessage({ tool_call_id: 'c1', content: '7', name: 'weather' }),
    new AIMessage({ content: 'Cold.', additional_kwargs: { reasoning_content: '7 is cold.' } }),
  ]);
  expect(messages).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: 'Is it warm?', name: 'Ann' },
    {
      role: 'assistant',
      content: 'One moment.',
      reasoning_content: 'Look it up.',
      tool_calls: [{ id: 'c1', type: 'function', function: { name: 'weather', arguments: { city: 'Bern' } } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: '7', name: 'weather' },
    { role: 'assistant', content: 'Cold.', reasoning_content: '7 is cold.' },
  ]);
  const image = new HumanMessage({ content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } }] });
  expect(() => messagesOf([image])).toThrow(expect.objectContaining({ code: 'UNSUPPORTED', message: expect.stringContaining('image_url') }));
});

describe('as a package', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'llama-ts-langchain-'));
    mkdirSync(join(folder, 'node_modules', '@langchain'), { recursive: true });
    symlinkSync(root, join(folder, 'node_modules', 'llama-ts'), 'junction');
    symlinkSync(join(root, 'node_modules', '@langchain', 'core'), join(folder, 'node_modules', '@langchain', 'core'), 'junction');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const node = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    const { stdout, stderr } = spawnSync(process.execPath, [join(folder, name)], { cwd: folder, encoding: 'utf8' });
    return stdout + stderr;
  };

  test('whoever imports and whoever requires meets the classes of that kind', () => {
    const told = 'console.log(ChatLlama.prototype instanceof BaseChatModel, LlamaEmbeddings.prototype instanceof Embeddings);';
    const modules = ['language_models/chat_models', 'embeddings'].map((part) => `'@langchain/core/${part}'`);
    expect(
      node(
        'imports.mjs',
        `import { ChatLlama, LlamaEmbeddings } from 'llama-ts/langchain';
         import { BaseChatModel } from ${modules[0]};
         import { Embeddings } from ${modules[1]};
         ${told}`,
      ),
    ).toBe('true true\n');
    expect(
      node(
        'requires.cjs',
        `const { ChatLlama, LlamaEmbeddings } = require('llama-ts/langchain');
         const { BaseChatModel } = require(${modules[0]});
         const { Embeddings } = require(${modules[1]});
         ${told}`,
      ),
    ).toBe('true true\n');
  });

  test('without @langchain/core, an error says what to install', () => {
    const copy = join(folder, 'copy');
    mkdirSync(join(copy, 'node_modules'), { recursive: true });
    for (const name of ['package.json', 'dist', 'build']) symlinkSync(join(root, name), join(copy, name));
    symlinkSync(join(root, 'node_modules', 'node-gyp-build'), join(copy, 'node_modules', 'node-gyp-build'), 'junction');
    const wanted = 'LlamaError PACKAGE llama-ts/langchain needs the package @langchain/core: it is not installed: npm install @langchain/core\n';
    const run = (...args: string[]): string => {
      const { stdout, stderr } = spawnSync(process.execPath, ['--preserve-symlinks', '--preserve-symlinks-main', ...args], { cwd: copy, encoding: 'utf8' });
      return stdout + stderr;
    };
    const tell = '(e) => console.log(e.name, e.code, e.message)';
    expect(run('-e', `import('llama-ts/langchain').catch(${tell})`)).toBe(wanted);
    expect(run('-e', `try { require('llama-ts/langchain') } catch (e) { (${tell})(e) }`)).toBe(wanted);
  });
});
