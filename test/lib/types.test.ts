// Projects of TypeScript users: the types as they are published must compile in each, with all declarations checked.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-ts-types-'));
  const installed = join(folder, 'node_modules', 'llama-ts');
  mkdirSync(installed, { recursive: true });
  cpSync(join(root, 'package.json'), join(installed, 'package.json'));
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] };
  const left = files.filter((f) => f.startsWith('!dist/')).map((f) => join(root, f.slice(1)));
  cpSync(join(root, 'dist'), join(installed, 'dist'), { recursive: true, filter: (path) => !left.includes(path) });
  mkdirSync(join(folder, 'node_modules', '@types'));
  symlinkSync(join(root, 'node_modules', '@types', 'node'), join(folder, 'node_modules', '@types', 'node'), 'junction');
  symlinkSync(join(root, 'node_modules', 'undici-types'), join(folder, 'node_modules', 'undici-types'), 'junction');
  const program = `import { loadModel, LlamaError, type Chunk, type Generation, type LoadOptions, type Model, type Result } from 'llama-ts';
    export async function main(options: LoadOptions): Promise<number> {
      await using model: Model = await loadModel('model.gguf', options);
      const running: Generation<string> = model.generate('x', { maxTokens: 5 });
      for await (const chunk of running) { const text: string = (chunk satisfies Chunk).text; text.trim(); }
      const result: Result<string> = await running;
      await using chat = model.chat({ system: 'x', contextFull: 'dropOldest' });
      await chat.send('x', { prefix: 'y', keepPartial: true });
      const ids: Uint32Array = await model.tokenizeAsync('x');
      return result.ids.length + ids.length + (result instanceof LlamaError ? 1 : 0);
    }
    // @ts-expect-error the types are there, and strict
    loadModel(5);
  `;
  for (const name of ['@langchain', 'zod', 'ai', 'ai-newest']) symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
  const sdk = `import { createLlama, embeddingModel, languageModel, type LanguageModel } from 'llama-ts/ai-sdk';
    import { loadModel } from 'llama-ts';
    export async function main(): Promise<LanguageModel> {
      const model = await loadModel('model.gguf');
      const { embeddings } = await embeddingModel(model, { pooling: 'mean' }).doEmbed({ values: ['x'] });
      const numbers: number[] | undefined = embeddings[0];
      numbers?.push(1);
      const { stream } = await languageModel(model, { temperature: 0, reasoning: { budget: 5 } }).doStream({ prompt: [] });
      const locked: boolean = stream.locked;
      if (locked) throw new Error();
      return createLlama({ small: () => loadModel('model.gguf') })('small', { regex: /a/ });
    }
    // @ts-expect-error the types are there, and strict
    createLlama({ small: 5 });
  `;
  writeFileSync(join(folder, 'sdk.mts'), sdk);
  writeFileSync(join(folder, 'sdk.cts'), sdk);
  const versions = ['ai', 'ai-newest'].map(
    (ai, i) => `
    import { createProviderRegistry as registry${i}, type EmbeddingModel as Embedding${i}, type LanguageModel as Language${i}, type RerankingModel as Reranking${i} } from '${ai}';
    export const models${i}: [Language${i}, Embedding${i}, Reranking${i}] = [languageModel(model), embeddingModel(model), rerankingModel(model)];
    registry${i}({ llama: createLlama({ small: model }) });`,
  );
  const imports = `import type { Model } from 'llama-ts';
    import { createLlama, embeddingModel, languageModel, rerankingModel } from 'llama-ts/ai-sdk';
    declare const model: Model;`;
  writeFileSync(join(folder, 'versions.mts'), imports + versions.join(''));
  const chain = `import type { BaseChatModel } from '@langchain/core/language_models/chat_models';
    import type { Embeddings } from '@langchain/core/embeddings';
    import { HumanMessage, type AIMessageChunk } from '@langchain/core/messages';
    import { loadModel } from 'llama-ts';
    import { ChatLlama, LlamaEmbeddings } from 'llama-ts/langchain';
    import { z } from 'zod';
    export async function main(): Promise<[BaseChatModel, Embeddings]> {
      const model = await loadModel('model.gguf');
      const chat: ChatLlama = new ChatLlama({ model, temperature: 0, stop: ['x'], tags: ['y'] });
      const message: AIMessageChunk = await chat.bindTools([], { tool_choice: 'any' }).invoke([new HumanMessage('x')], { seed: 5, signal: AbortSignal.timeout(5) });
      const { kind } = await chat.withStructuredOutput(z.object({ kind: z.enum(['fox', 'owl']) })).invoke('x');
      const known: 'fox' | 'owl' = kind;
      class Mine extends ChatLlama {}
      for await (const chunk of await new Mine({ model }).stream('x')) chunk.usage_metadata?.total_tokens.toFixed();
      return [chat, new LlamaEmbeddings({ model, queryInstruction: known + message.text })];
    }
    // @ts-expect-error the types are there, and strict
    new ChatLlama({ model: 5 });
  `;
  writeFileSync(join(folder, 'chain.mts'), chain);
  writeFileSync(join(folder, 'chain.cts'), chain);
  writeFileSync(join(folder, 'esm.mts'), program);
  writeFileSync(join(folder, 'cjs.cts'), program);
  writeFileSync(join(folder, 'bundled.ts'), program);
  const signals = `import { loadModel } from 'llama-ts';
    export const load = (url: URL) => loadModel(url, { signal: new AbortController().signal });
    // @ts-expect-error no URL
    loadModel({ path: 'x' });
  `;
  writeFileSync(join(folder, 'signals.mts'), signals);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Project {
  module: string;
  moduleResolution: string;
  lib: string[];
  types: string[];
  files: string[];
  skipLibCheck?: boolean;
}

function compile(typescript: string, project: Project): { status: number | null; output: string } {
  const { files, ...options } = project;
  const config = join(folder, `tsconfig.${typescript}.${project.module}.${project.moduleResolution}.${project.lib.length}${project.types.length}.json`);
  const compilerOptions = { target: 'es2022', strict: true, skipLibCheck: false, noEmit: true, ...options };
  writeFileSync(config, JSON.stringify({ compilerOptions, files }));
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'node_modules', typescript, 'bin', 'tsc'), '-p', config], { encoding: 'utf8' });
  return { status, output: stdout + stderr };
}

const bare = { lib: ['es2022'], types: [] };
const projects: [string, Project][] = [
  ['node16, ESM and CJS', { ...bare, module: 'node16', moduleResolution: 'node16', files: ['esm.mts', 'cjs.cts', 'sdk.mts', 'sdk.cts'] }],
  ['nodenext, ESM and CJS', { ...bare, module: 'nodenext', moduleResolution: 'nodenext', files: ['esm.mts', 'cjs.cts'] }],
  ['bundler', { ...bare, module: 'esnext', moduleResolution: 'bundler', files: ['bundled.ts'] }],
  ['with the DOM', { module: 'node16', moduleResolution: 'node16', lib: ['es2022', 'dom'], types: [], files: ['esm.mts', 'signals.mts'] }],
  ["with Node's types", { module: 'node16', moduleResolution: 'node16', lib: ['es2022'], types: ['node'], files: ['esm.mts', 'signals.mts'] }],
];

// The oldest compiler is slow: of the projects, those that differ most.
const some = projects.filter(([name]) => !/nodenext|DOM/.test(name));

describe.each([
  ['typescript-oldest', some],
  ['typescript-newest', projects],
] as const)('%s', (typescript, chosen) => {
  const version = (JSON.parse(readFileSync(join(root, 'node_modules', typescript, 'package.json'), 'utf8')) as { version: string }).version;
  test.each([...chosen])(`${version}: %s`, (_, project) => {
    expect(compile(typescript, project)).toEqual({ status: 0, output: '' });
  });
});

// Of their own declarations not all hold without the DOM, nor with every compiler.
test.each(['typescript', 'typescript-newest'])('%s: LangChain, ESM and CJS, each with the classes of its kind; two versions of the AI SDK', (typescript) => {
  const project: Project = {
    module: 'node16',
    moduleResolution: 'node16',
    lib: ['es2022'],
    types: ['node'],
    files: ['chain.mts', 'chain.cts', 'versions.mts'],
    skipLibCheck: true,
  };
  expect(compile(typescript, project)).toEqual({ status: 0, output: '' });
});

test('what is published of the types names nothing of the addon', () => {
  const lib = join(folder, 'node_modules', 'llama-ts', 'dist', 'lib');
  const declarations = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((n) => /\.d\.m?ts$/.test(n));
  expect(declarations).toContain('index.d.ts');
  expect(declarations).not.toContain('native.d.ts');
  for (const name of declarations) expect([name, /'\.\.?\/(native|binding)'/.exec(readFileSync(join(lib, name), 'utf8'))?.[0]]).toEqual([name, undefined]);
});
