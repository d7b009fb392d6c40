// Several evaluations of the package in one process: a test runner that loads modules anew, hot reload, worker threads beside. Each works by itself.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const prelude = `
  const root = ${JSON.stringify(root)};
  const fresh = () => {
    for (const key of Object.keys(require.cache)) if (key.startsWith(root) && !key.endsWith('.node')) delete require.cache[key];
    if (module.children) module.children.length = 0; // Node's own list of what was required holds it otherwise
    return require(root);
  };
  const end = (p) => p.then((v) => v?.text ?? 'ok', (e) => e.code);
  const turn = () => new Promise((r) => setTimeout(r, 1));
`;

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'llama-ts-instances-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function run(script: string, ...flags: string[]): { status: number | null; stdout: string; stderr: string } {
  const path = join(folder, 'script.cjs');
  writeFileSync(path, `${prelude}(async () => {${script}})()`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, path], { encoding: 'utf8', timeout: 250_000 });
  return { status, stdout, stderr };
}

test('the first goes on when a second is there, and each is told its own', () => {
  const { stdout, stderr } = run(`
    const A = fresh();
    const model = await A.loadModel(A.embeddedModel, { threads: 1 });
    const before = (await model.generate('Once', { maxTokens: 3, seed: 1 })).text;
    const B = fresh();
    console.log(A !== B, A.LlamaError !== B.LlamaError);
    console.log((await model.generate('Once', { maxTokens: 3, seed: 1 })).text === before);
    const [a, b] = await Promise.all([end(A.loadModel('/nope-asked-by-A.gguf')), B.loadModel(B.embeddedModel, { threads: 1 })]);
    console.log(a, b.constructor === B.Model);
    console.log((await b.generate('Once', { maxTokens: 3, seed: 1 })).text === before);
    const errors = await Promise.all([A.loadModel('/nope').catch((e) => e instanceof A.LlamaError), B.loadModel('/nope').catch((e) => e instanceof B.LlamaError)]);
    console.log(errors.join(' '));
    await Promise.all([model.dispose(), b.dispose()]);
    try { model.tokenize(5); } catch (e) { console.log(e.code); }
  `);
  expect({ stdout, stderr }).toEqual({ stdout: 'true true\ntrue\nFILE true\ntrue\ntrue true\nDISPOSED\n', stderr: '' });
});

test('two hundred, some with work under way, leave nothing behind', () => {
  const { stdout, stderr, status } = run(
    `
    const { readdirSync } = require('node:fs');
    const threads = () => process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0;
    const rest = async () => { for (let i = 0; i < 4; i++) { global.gc(); await turn(); } };
    const kept = [];
    const round = async (i) => {
      const { loadModel, loadTokenizer, embeddedModel } = fresh();
      if (i % 10 > 0) return void (await loadTokenizer(embeddedModel)).encode('x');
      const model = await loadModel(embeddedModel, { threads: 1, contextTokens: 64 });
      if (i % 20 === 0) await model.generate('Once', { maxTokens: 2 });
      else { model.generate('Once', { maxTokens: 30, ignoreEnd: true }); kept.push(new WeakRef(model)); }
    };
    for (let i = 0; i < 60; i++) await round(i);
    await rest();
    const before = { heap: process.memoryUsage().heapUsed, threads: threads(), exit: process.listenerCount('exit'), external: process.memoryUsage().external };
    for (let i = 0; i < 140; i++) await round(i);
    for (let i = 0; i < 200 && kept.some((w) => w.deref()); i++) await rest();
    await rest();
    const after = { heap: process.memoryUsage().heapUsed, threads: threads(), exit: process.listenerCount('exit'), external: process.memoryUsage().external };
    // 140 evaluations of lib are some 30 MB, their models more.
    console.log(after.heap - before.heap < 4e6, after.threads <= before.threads + 2, after.exit === before.exit, after.external - before.external < 2e6, kept.filter((w) => w.deref()).length);
    if (after.heap - before.heap >= 4e6 || after.threads > before.threads + 2) console.error(before, after);
    `,
    '--expose-gc',
  );
  expect({ stdout, stderr, status }).toEqual({ stdout: 'true true true true 0\n', stderr: '', status: 0 });
});

test('beside worker threads, all at the same time', () => {
  const { stdout, stderr, status } = run(`
    const { Worker } = require('node:worker_threads');
    const work = ${JSON.stringify(`
      const { parentPort } = require('node:worker_threads');
      (async () => {
        const { loadModel, embeddedModel } = fresh();
        const model = await loadModel(embeddedModel, { threads: 1 });
        const again = fresh();
        const [one, other] = await Promise.all([model.generate('Once', { maxTokens: 6, seed: 1 }), end(again.loadModel('/nope'))]);
        await model.dispose();
        parentPort.postMessage(one.text + other);
      })()`)};
    const workers = [1, 2, 3].map(() => new Promise((resolve, reject) => new Worker(${JSON.stringify(prelude)} + work, { eval: true }).once('message', resolve).once('error', reject)));
    const A = fresh(), B = fresh();
    const models = await Promise.all([A.loadModel(A.embeddedModel, { threads: 1 }), B.loadModel(B.embeddedModel, { threads: 1 })]);
    const texts = await Promise.all(models.map((m) => m.generate('Once', { maxTokens: 6, seed: 1 }).then((r) => r.text + 'FILE')));
    console.log(new Set([...texts, ...(await Promise.all(workers))]).size);
  `);
  expect({ stdout, stderr, status }).toEqual({ stdout: '1\n', stderr: '', status: 0 });
});

test('the process ends while several compute', () => {
  const { status, stderr } = run(`
    const models = await Promise.all([fresh(), fresh(), fresh()].map((one) => one.loadModel(one.embeddedModel, { threads: 1 })));
    for (const model of models) model.generate('Once', { maxTokens: 900, ignoreEnd: true });
    await turn();
    process.exit(7);
  `);
  expect({ status, stderr }).toEqual({ status: 7, stderr: '' });
});

test('modules reset by jest', async () => {
  const first = jest.requireActual<typeof import('llama-ts')>('llama-ts');
  const model = await first.loadModel(first.embeddedModel, { threads: 1 });
  jest.resetModules();
  const second = jest.requireActual<typeof import('llama-ts')>('llama-ts');
  expect(second.loadModel).not.toBe(first.loadModel);
  const other = await second.loadModel(second.embeddedModel, { threads: 1 });
  const texts = await Promise.all([model, other].map((m) => m.generate('Once', { maxTokens: 3, seed: 1 }).then((r) => r.text)));
  expect(texts[0]).toBe(texts[1]);
  await Promise.all([model.dispose(), other.dispose()]);
});
