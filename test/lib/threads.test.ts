// The addon in worker threads, and the ends that a process or worker can come to while the model computes.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';

const root = join(__dirname, '..', '..');
const prelude = `
  const { loadModel, embeddedModel } = require(${JSON.stringify(root)});
  const long = { maxTokens: 900, ignoreEnd: true };
`;

/** Runs a script in a process of its own; what it printed, and how it ended. */
function run(script: string): { status: number | null; signal: string | null; stdout: string; stderr: string } {
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['-e', prelude + script], { encoding: 'utf8', timeout: 50_000 });
  return { status, signal, stdout, stderr };
}

function inWorker(script: string, then?: (worker: Worker) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(prelude + script, { eval: true });
    worker.once('error', reject).once('exit', resolve);
    if (then) worker.once('message', () => then(worker));
  });
}

describe('worker threads', () => {
  test('load, generate and dispose, one after the other', async () => {
    for (let i = 0; i < 5; i++) {
      await expect(
        inWorker(
          `(async () => { const m = await loadModel(embeddedModel, { threads: 1 }); await m.generate('Once', { maxTokens: 4 }); await m.dispose(); })()`,
        ),
      ).resolves.toBe(0);
    }
  });

  test('several at once', async () => {
    const script = `(async () => { const m = await loadModel(embeddedModel, { threads: 1 }); await m.generate('Once', { maxTokens: 8 }); await m.dispose(); })()`;
    await expect(Promise.all([1, 2, 3].map(() => inWorker(script)))).resolves.toEqual([0, 0, 0]);
  });

  test('terminated while the model computes', async () => {
    const script = `
      const { parentPort } = require('node:worker_threads');
      (async () => {
        const m = await loadModel(embeddedModel, { threads: 1 });
        for await (const _ of m.generate('Once', long)) parentPort.postMessage('started');
      })()`;
    for (let i = 0; i < 5; i++) await inWorker(script, (worker) => void worker.terminate());
  });
});

describe('the process ends', () => {
  test('by itself, when nothing runs, though the model was not disposed of', () => {
    expect(
      run(`loadModel(embeddedModel, { threads: 1 }).then((m) => m.generate('Once', { maxTokens: 4 })).then((r) => console.log(r.ids.length))`),
    ).toMatchObject({ status: 0, stdout: '4\n' });
  });

  test.each(['process.exit(7)', 'setImmediate(() => { throw new Error("on purpose") })'])('while generating: %s', (end) => {
    const ended = run(`(async () => { const m = await loadModel(embeddedModel); for await (const _ of m.generate('Once', long)) ${end}; })()`);
    expect(ended).toMatchObject({ signal: null, status: end.includes('exit') ? 7 : 1 });
  });

  test('while loading', () => {
    expect(run(`loadModel(embeddedModel, { onProgress: () => process.exit(3) })`)).toMatchObject({ signal: null, status: 3 });
  });

  test('while a worker generates', () => {
    const ended = run(`
      const { Worker } = require('node:worker_threads');
      const w = new Worker(${JSON.stringify(prelude + `loadModel(embeddedModel).then(async (m) => { for await (const _ of m.generate('Once', long)) require('node:worker_threads').parentPort.postMessage(1); })`)}, { eval: true });
      w.once('message', () => process.exit(5));`);
    expect(ended).toMatchObject({ signal: null, status: 5 });
  });
});

describe('disposing', () => {
  test('while generating rejects with DISPOSED', () => {
    const script = `(async () => {
      const m = await loadModel(embeddedModel);
      const running = [undefined, 0, 3].map((logprobs) => m.generate('Once', { ...long, logprobs }));
      const logits = m.logits(Array.from({ length: 900 }, (_, i) => 300 + (i % 700)));
      const ends = Promise.allSettled([...running, logits]);
      await running[0][Symbol.asyncIterator]().next();
      await m.dispose();
      console.log((await ends).map((e) => e.reason?.code ?? e.status).join(' '));
    })()`;
    expect(run(script)).toMatchObject({ stderr: '', stdout: expect.stringMatching(/^DISPOSED DISPOSED DISPOSED (DISPOSED|fulfilled)\n$/) as string });
  });

  test('a model that nobody holds any more frees its threads', () => {
    const script = `(async () => {
      for (let i = 0; i < 20; i++) await loadModel(embeddedModel, { threads: 1 });
      const threads = () => require('node:fs').readdirSync('/proc/self/task').length;
      for (let i = 0; i < 1000 && threads() >= 30; i++) { global.gc(); await new Promise((r) => setTimeout(r, 20)); }
      console.log(threads());
    })()`;
    if (process.platform !== 'linux') return;
    const { stdout } = spawnSync(process.execPath, ['--expose-gc', '-e', prelude + script], { encoding: 'utf8', timeout: 50_000 });
    expect(Number(stdout)).toBeGreaterThan(0);
    expect(Number(stdout)).toBeLessThan(30);
  });
});

describe('a failure that nobody looks at', () => {
  test('is a warning when nothing is left to do, once, and no end of the process', () => {
    const { stderr, stdout, status } = run(`
      loadModel(embeddedModel, { threads: 1 }).then((m) => {
        m.generate([{ role: 'robot', content: 'x' }]);
        const aborted = m.generate('Once', long);
        aborted.abort();
        setTimeout(() => console.log('going on'), 20);
      });`);
    expect({ stdout, status }).toEqual({ stdout: 'going on\n', status: 0 });
    expect(stderr.match(/LlamaWarning: a generation failed, and nothing awaited or iterated it: ARGUMENT: prompt\[0\]\.role: expected/g)).toHaveLength(1);
    expect(stderr.match(/Warning/g)).toHaveLength(1);
  });

  test('is a warning when it is collected', () => {
    const script = `
      process.on('warning', (w) => console.log(w.name));
      loadModel(embeddedModel, { threads: 1 }).then(async (m) => {
        for (let i = 0; i < 3; i++) m.generate([{ role: 'robot', content: 'x' }]);
        for (let i = 0; i < 5; i++) { await new Promise((r) => setTimeout(r, 5)); global.gc(); }
        console.log('end');
        process.exit();
      });`;
    const { stdout } = spawnSync(process.execPath, ['--expose-gc', '--no-warnings', '-e', prelude + script], { encoding: 'utf8', timeout: 50_000 });
    expect(stdout).toBe('LlamaWarning\nLlamaWarning\nLlamaWarning\nend\n');
  });

  test('that is awaited, and not caught there, is an unhandled rejection once', () => {
    const { stderr, status } = run(`
      process.on('unhandledRejection', (e) => { console.error('unhandled', e.code); });
      loadModel(embeddedModel).then((m) => { m.generate([{ role: 'robot', content: 'x' }]).then(() => {}); });`);
    expect({ status, stderr }).toEqual({ status: 0, stderr: 'unhandled ARGUMENT\n' });
  });
});
