// The pages for those who build on llama-ts: their files are run as they stand, but for the programs that they are made for, which
// are played here where they are not installed.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { staged } from './support/pages';
import { root, storyModel } from './support/shared';

let folder = '';
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'llama-ts-pages-')));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'llama-ts'), 'junction');
  symlinkSync(join(root, 'node_modules', 'esbuild'), join(folder, 'node_modules', 'esbuild'), 'junction');
  cpSync(storyModel, join(folder, 'model.gguf'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const fences = (page: string): string[] => [...readFileSync(join(root, 'docs', page), 'utf8').matchAll(/^```js\n([\s\S]*?)^```$/gm)].map((m) => m[1] ?? '');

const used = new Set<string>();

/** The file of a page that its first line names, written into the folder. */
function file(page: string, name: string, change = (text: string): string => text): string {
  const text = fences(page).find((t) => t.startsWith(`// ${name}\n`));
  if (text === undefined) throw new Error(`docs/${page} has no file ${name}`);
  used.add(text);
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, change(text));
  return path;
}

const node = (...args: string[]) => spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', timeout: 120_000 });

describe('bundlers', () => {
  beforeAll(() => {
    const app = `import { embeddedModel, loadModel } from 'llama-ts';
const model = await loadModel(embeddedModel);
console.log((await model.generate('Once', { maxTokens: 3 })).usage.completion);
await model.dispose();
`;
    writeFileSync(join(folder, 'app.mjs'), app);
  });

  test("esbuild: the page's settings make a bundle that runs", () => {
    file('bundlers.md', 'build.mjs');
    expect(node('build.mjs')).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(join(folder, 'out', 'app.mjs'), 'utf8').length).toBeLessThan(2000);
    expect(node('out/app.mjs')).toMatchObject({ status: 0, stdout: '3\n' });
  });

  test.each([
    ['cjs', {}],
    ['mjs', { format: 'esm', banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" } }],
  ])('a bundle with llama-ts inside says what to do: %s', (ending, more) => {
    writeFileSync(join(folder, 'inside.mjs'), "import('llama-ts').then(() => console.log('loaded'), (e) => console.log(e.name, e.code, e.message));\n");
    const options = { entryPoints: ['inside.mjs'], outfile: `out/inside.${ending}`, bundle: true, platform: 'node', ...more };
    writeFileSync(join(folder, 'inside-build.mjs'), `import { build } from 'esbuild';\nawait build(${JSON.stringify(options)});\n`);
    expect(node('inside-build.mjs')).toMatchObject({ status: 0 });
    expect(node(`out/inside.${ending}`).stdout).toMatch(/^LlamaError BINARY llama-ts was put into a bundle, .*mark 'llama-ts' as external.*docs\/bundlers\.md/);
  });

  test('the other settings are JavaScript that loads', async () => {
    const load = (name: string): unknown => {
      const { status, stdout, stderr } = node(
        '-e',
        `import(${JSON.stringify(file('bundlers.md', name))}).then((m) => console.log(JSON.stringify(m.default, (k, v) => (v instanceof RegExp ? String(v) : v))))`,
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      return JSON.parse(stdout);
    };
    expect(load('webpack.config.cjs')).toMatchObject({ externals: { 'llama-ts': 'commonjs llama-ts' } });
    expect(load('rollup.config.mjs')).toMatchObject({ external: ['llama-ts', '/^node:/'] });
    expect(load('vite.config.mjs')).toEqual({ ssr: { external: ['llama-ts'] } });
  });
});

/** A server's first line, and the lines that follow. */
class Lines {
  #text = '';
  #wake: () => void = () => {};

  constructor(child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      this.#wake();
    });
  }

  async found(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.#text)?.[0];
      if (found !== undefined) return found;
      await new Promise<void>((wake) => (this.#wake = wake));
    }
  }
}

describe('server-sent events', () => {
  let server: ChildProcess;
  let lines: Lines;
  let address = '';
  beforeAll(async () => {
    // A text that is long enough to be left before it ends.
    const path = file('server-sent-events.md', 'server.mjs', (text) =>
      text.replace('maxTokens: 256', "maxTokens: prompt === 'Long' ? 950 : 8, ignoreEnd: true"),
    );
    server = spawn(process.execPath, [path], { cwd: folder, env: { ...process.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'inherit'] });
    lines = new Lines(server);
    address = (await lines.found(/http:\/\/localhost:\d+/)).replace('localhost', '127.0.0.1');
  });
  afterAll(() => server.kill());

  test('text comes in events, and an event tells the end', async () => {
    const response = await fetch(`${address}/?prompt=Once`);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const events = (await response.text()).split('\n\n').filter(Boolean);
    expect(events.at(-1)).toBe('event: done\ndata: {}');
    const text = events.slice(0, -1).map((event) => JSON.parse(event.replace(/^data: /, '')) as string);
    expect(text.join('').length).toBeGreaterThan(8);
    expect((await fetch(address)).status).toBe(400);
  });

  test('where the reader leaves, the model stops', async () => {
    await new Promise<void>((left) => get(`${address}/?prompt=Long`, (response) => response.once('data', () => left(void response.destroy()))));
    expect(await lines.found(/the reader has left/)).toBeTruthy();
  });
});

test('Next.js: the route streams, refuses what is no conversation, and stops with its reader', () => {
  const path = file('nextjs.md', 'app/api/chat/route.js');
  const module = path.replace(/\.js$/, '.mjs'); // Next.js takes it for a module
  writeFileSync(module, readFileSync(path));
  const script = `
    const { POST, runtime } = await import(${JSON.stringify(module)});
    const ask = (body) => POST(new Request('http://localhost', { method: 'POST', body: JSON.stringify(body) }));
    const messages = [{ role: 'user', content: 'Tell me a story about a cat named Mia.' }];
    const text = await (await ask({ messages })).text();
    const refused = await ask({ messages: [{ role: 5 }] });
    const reader = (await ask({ messages })).body.getReader();
    const { done } = await reader.read();
    await reader.cancel();
    console.log(JSON.stringify({ runtime, mia: text.includes('Mia'), status: refused.status, code: (await refused.json()).code, done }));
    await (await globalThis.llamaModel).dispose();`;
  const { status, stdout, stderr } = node('--input-type=module', '-e', script);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({ runtime: 'nodejs', mia: true, status: 400, code: 'ARGUMENT', done: false });
  expect(
    node('--input-type=module', '-e', `import(${JSON.stringify(file('nextjs.md', 'next.config.mjs'))}).then((m) => console.log(JSON.stringify(m.default)))`)
      .stdout,
  ).toBe('{"serverExternalPackages":["llama-ts"]}\n');
});

test('Electron: the main process answers its window, and the preload script hands texts on', () => {
  // What the two files use of Electron, with both sides in one process.
  const electron = `
    const { EventEmitter } = require('node:events');
    const [main, window] = [new EventEmitter(), new EventEmitter()];
    const handlers = new Map();
    const sender = Object.assign(new EventEmitter(), { send: (name, ...args) => window.emit(name, {}, ...args) });
    exports.ipcMain = { handle: (name, run) => handlers.set(name, run), on: (name, run) => main.on(name, run) };
    exports.ipcRenderer = {
      on: (name, run) => window.on(name, run),
      off: (name, run) => window.off(name, run),
      send: (name, ...args) => main.emit(name, { sender }, ...args),
      invoke: async (name, ...args) => handlers.get(name)({ sender }, ...args),
    };
    exports.contextBridge = { exposeInMainWorld: (name, api) => (globalThis[name] = api) };
    exports.app = Object.assign(new EventEmitter(), { whenReady: async () => {} });
    exports.BrowserWindow = class { loadFile() {} };`;
  mkdirSync(join(folder, 'node_modules', 'electron'), { recursive: true });
  writeFileSync(join(folder, 'node_modules', 'electron', 'index.js'), electron);
  const [main, preload] = [file('electron.md', 'main.js'), file('electron.md', 'preload.js')];
  const script = `
    process.env.MODEL = 'model.gguf';
    require(${JSON.stringify(main)});
    require(${JSON.stringify(preload)});
    (async () => {
      const texts = [];
      const told = await llama.generate('Once', (text) => texts.push(text)).done;
      const stopped = llama.generate('Once upon a time', () => stopped.stop());
      const error = await stopped.done.catch((e) => e.name);
      console.log(JSON.stringify({ some: texts.join('').length > 0, completion: told.usage.completion > 0, error }));
      require('electron').app.emit('will-quit');
    })();`;
  const { status, stdout, stderr } = node('-e', script);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(JSON.parse(stdout)).toEqual({ some: true, completion: true, error: 'AbortError' });
});

/** Runs a page's text as a browser does, with these globals; gives what it appends to the document. */
async function inBrowser(page: string, first: string, globals: Record<string, unknown>): Promise<string[]> {
  const text = fences(page).find((t) => t.startsWith(`// ${first}\n`)) ?? '';
  used.add(text);
  const shown: string[] = [];
  const all = { document: { body: { append: (more: string) => shown.push(more) } }, ...globals };
  const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as new (...words: string[]) => (...values: unknown[]) => Promise<void>;
  await new AsyncFunction(...Object.keys(all), text)(...Object.values(all));
  return shown;
}

test('nextjs.md: the browser shows the answer as it comes', async () => {
  const asked: unknown[] = [];
  const fetch = async (path: string, { body }: { body: string }): Promise<Response> => {
    asked.push(path, JSON.parse(body));
    return new Response(new Blob(['Once upon ', 'a time']));
  };
  const shown = await inBrowser('nextjs.md', 'reads the answer as it comes', { fetch, TextDecoderStream });
  expect(shown.join('')).toBe('Once upon a time');
  expect(asked).toEqual(['/api/chat', { messages: [{ role: 'user', content: 'Hello' }] }]);
});

test('server-sent-events.md: the browser shows what comes, and ends', async () => {
  const told: string[] = [];
  const listeners = new Map<string, (event: { data: string }) => void>();
  class EventSource {
    onmessage?: (event: { data: string }) => void;
    constructor(path: string) {
      told.push(path);
      setImmediate(() => {
        this.onmessage?.({ data: JSON.stringify(' a time') });
        listeners.get('failed')?.({ data: JSON.stringify('no') });
        listeners.get('done')?.({ data: '' });
      });
    }
    addEventListener(name: string, listener: (event: { data: string }) => void): void {
      listeners.set(name, listener);
    }
    close(): void {
      told.push('closed');
    }
  }
  const shown = await inBrowser('server-sent-events.md', 'browser.mjs', { EventSource });
  await new Promise((resolve) => setImmediate(resolve));
  expect(shown).toEqual([' a time', 'failed: no']);
  expect(told).toEqual(['/?prompt=Once%20upon%20a%20time', 'closed', 'closed']);
});

test('no JavaScript of these pages was left out', () => {
  expect(staged.flatMap((page) => fences(page).filter((text) => !used.has(text)))).toEqual([]);
});
