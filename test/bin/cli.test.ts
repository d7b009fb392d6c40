import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const program = join(root, 'dist', 'bin', 'llama-ts.js');
const story = join(root, 'models', 'story-Q8_0.gguf');

function cli(words: readonly string[], input?: string): { stdout: string; stderr: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...words], {
    encoding: 'utf8',
    timeout: 50_000,
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    ...(input !== undefined && { input }),
  });
  return { stdout, stderr, status };
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-ts-bin-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('run', () => {
  test('tells a story with the embedded model, and says so', () => {
    const { stdout, stderr, status } = cli(['run', '-n', '24', '--temp', '0']);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Once upon a time.{20,}/s);
    expect(stderr).toMatch(/^Using the small story model .* llama-ts run -m FILE\.gguf, or one that llama-ts pull lists\n$/);
  });

  test('takes a prompt from a flag, a file, and standard input', () => {
    const flags = ['run', '-m', story, '-n', '8', '--temp', '0', '-t', '1'];
    const path = join(folder, 'prompt.txt');
    writeFileSync(path, 'The brave fox\n');
    const expected = cli([...flags, '-p', 'The brave fox']).stdout;
    expect(expected).toMatch(/^The brave fox./);
    expect(cli([...flags, '-f', path]).stdout).toBe(expected);
    expect(cli([...flags, '-p', '-'], 'The brave fox').stdout).toBe(expected);
    expect(cli(flags, 'The brave fox').stdout).toBe(expected);
  });

  test('--no-mmap reads the weights into memory: the same text', () => {
    const flags = ['run', '-m', story, '-n', '8', '--temp', '0', '-t', '1'];
    const [read, mapped] = ['--no-mmap', '--mmap'].map((flag) => cli([...flags, '-p', 'Once upon a time', flag]));
    expect(read?.status).toBe(0);
    expect(read?.stdout).toMatch(/^Once upon a time.{8,}/s);
    expect(read?.stdout).toBe(mapped?.stdout);
  });

  test('a prompt that begins with a dash, in quotes, with escapes', () => {
    const begins = (...words: string[]): string => cli(['run', '-n', '1', ...words]).stdout;
    expect(begins('-p', '- a list')).toMatch(/^- a list/);
    expect(begins('-p', '"a\\nb"')).toMatch(/^"a\\nb"/);
    expect(begins('-p', 'a\\nb', '-e')).toMatch(/^a\nb/);
    expect(begins('-p', 'a\\nb', '--no-escape')).toMatch(/^a\\nb/);
  });

  test('samplers as llama.cpp writes them', () => {
    const words = ['run', '-n', '12', '-s', '3', '--temp', '1.5'];
    const ours = cli([...words, '--samplers', 'penalties;topK;typicalP;topP;minP;temperature']).stdout;
    expect(cli([...words, '--samplers', 'penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature']).stdout).toBe(ours);
    expect(cli([...words, '--sampler-seq', 'edskypmxt']).stdout).toBe(ours);
  });

  test('the same seed gives the same text', () => {
    const words = ['run', '-n', '16', '--temperature', '1.3', '--top-k', '0', '-s', '7', '--min-p=0'];
    expect(cli(words).stdout).toBe(cli(words).stdout);
  });

  test('--json prints the result', () => {
    const result = JSON.parse(cli(['run', '-p', 'Once', '-n', '3', '--json', '--logprobs', '2']).stdout) as Record<string, unknown>;
    expect(result).toMatchObject({ prompt: 'Once', finish: 'length', usage: { completion: 3 } });
    expect(result.ids).toHaveLength(3);
    expect(result.logprobs).toHaveLength(3);
  });

  test('--verbose says what it took', () => {
    expect(cli(['run', '-n', '3', '-v']).stderr).toMatch(/loaded in \d+ ms: weights .*\nprompt 5 tokens .* tokens\/s; finish length, seed \d+\n$/s);
  });

  test('survives a reader that leaves', () => {
    const { stderr, status } = spawnSync('sh', ['-c', `"${process.execPath}" "${program}" run -n 300 --ignore-eos | head -c 5`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    expect({ stderr, status }).toEqual({ stderr: expect.stringMatching(/^Using[^\n]*\n$/) as string, status: 0 });
  });

  test('Ctrl-C stops the generation', async () => {
    const child = spawn(process.execPath, [program, 'run', '-n', '900', '--ignore-eos'], { stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.once('data', () => child.kill('SIGINT'));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect(code).toBe(130);
  });
});

describe('chat', () => {
  test('answers each line of its input', () => {
    const { stdout, status } = cli(['chat', '-n', '40', '--temp', '0'], 'Tell me a story about a cat named Mia.\nTell me a story about a dog.\n');
    expect(status).toBe(0);
    expect(stdout).toContain('Mia');
    expect(stdout.trim().split('\n').length).toBeGreaterThan(1);
  });

  test('Ctrl-C behind a pipe leaves, whatever lines follow', async () => {
    const child = spawn(process.execPath, [program, 'chat', '-n', '900', '--ignore-eos'], { stdio: ['pipe', 'pipe', 'ignore'] });
    child.stdin.end('Tell me a story.\nTell me another.\n');
    let stdout = '';
    child.stdout.on('data', (text) => (stdout += text));
    child.stdout.once('data', () => child.kill('SIGINT'));
    const code = await new Promise((resolve) => child.once('close', resolve));
    expect({ code, answers: stdout.trimEnd().split('\n').length }).toEqual({ code: 130, answers: 1 });
  });

  test('--single-turn', () => {
    expect(cli(['chat', '-n', '20', '-p', 'Tell me a story about a fox.', '--single-turn'])).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/./) as string,
    });
  });
});

test('tokenize', () => {
  expect(cli(['tokenize', '--ids', 'Once upon a time'])).toMatchObject({ stdout: '[474,475,263,382]\n', stderr: '', status: 0 });
  expect(cli(['tokenize', '--ids', '--special', '-m', story], '<|end|>').stdout).toBe('[1]\n');
  expect(JSON.parse(cli(['tokenize', '--json', 'Once']).stdout)).toEqual([{ id: 474, text: 'Once' }]);
  expect(cli(['tokenize', 'Once']).stdout).toBe('    474  "Once"\n');
});

test('what stands behind -- is no flag, in every command', () => {
  expect(cli(['tokenize', '--ids', '--', 'hello'], 'foo').stdout).toBe(cli(['tokenize', '--ids', 'hello']).stdout);
  expect(cli(['tokenize', '--ids', '--', '--ids']).stdout).toBe(cli(['tokenize', '--ids'], '--ids').stdout);
  expect(cli(['tokenize', '--ids', '007', 'help']).stdout).toBe(cli(['tokenize', '--ids'], '007 help').stdout);
  expect(cli(['inspect', '--', story]).stdout).toBe(cli(['inspect', story]).stdout);
  expect(cli(['gguf', 'show', '--', story]).stdout).toBe(cli(['inspect', story]).stdout);
  expect(cli(['gguf', 'diff', '--json', '--', story, story])).toMatchObject({ status: 0, stdout: '{"metadata":[],"tensors":[]}\n' });
  expect(cli(['gguf', 'split', '--max-tensors', '99', '--', story, join(folder, '-dashed')]).status).toBe(0);
  expect(cli(['inspect', '--', '-dashed-00001-of-00001.gguf']).stderr).toMatch(/-dashed-00001-of-00001\.gguf/);
  const quantize = join(root, 'dist', 'bin', 'llama-quantize.js');
  const { stdout, status } = spawnSync(process.execPath, [quantize, '--dry-run', '--allow-requantize', '--', story, 'Q4_0'], { encoding: 'utf8' });
  expect({ stdout, status }).toEqual({ stdout: expect.stringMatching(/Q4_0.*nothing written/s) as string, status: 0 });
});

test('inspect', () => {
  expect(cli(['inspect', story]).stdout).toMatch(/GGUF 3, 3660512 bytes\n38 tensors.*general\.name +"Story 3.4M"/s);
  const info = JSON.parse(cli(['inspect', story, '--json']).stdout) as { metadata: Record<string, unknown>; tensors: unknown[] };
  expect(info.metadata['llama.block_count']).toBe(4);
  expect(info.tensors).toHaveLength(38);
});

describe('logits', () => {
  test('writes rows of float32', () => {
    const path = join(folder, 'logits.f32');
    const ids = join(folder, 'ids.json');
    writeFileSync(ids, '{ "ids": [5, 6, 7] }');
    expect(cli(['logits', '--ids', '5,6,7', '-o', path])).toMatchObject({ status: 0, stdout: '' });
    const first = readFileSync(path);
    expect(first).toHaveLength(3 * 1024 * 4);
    expect(cli(['logits', '-m', story, '--ids-file', ids, '-o', path, '--json', '-t', '2']).stdout).toMatch(/"rows":3,"columns":1024/);
    expect(readFileSync(path).equals(first)).toBe(true);
    expect(cli(['logits', '-m', story, '--ids', '5,6', '-o', path, '--backend', 'ref', '--cache-type', 'f32']).status).toBe(0);
    expect(readdirSync(folder).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

describe('embed', () => {
  test('prints vectors of texts, or writes them', () => {
    const out = cli(['embed', '-m', story, '--dimensions', '4', 'a fox', 'a bear']).stdout.trimEnd().split('\n');
    const vectors = out.map((line) => JSON.parse(line) as { index: number; embedding: number[] });
    expect(vectors.map((v) => v.index)).toEqual([0, 1]);
    for (const { embedding } of vectors) expect(Math.hypot(...embedding)).toBeCloseTo(1, 5);
    const path = join(folder, 'vectors.f32');
    expect(cli(['embed', '-m', story, '--dimensions', '4', '-o', path], 'a fox\na bear\n').status).toBe(0);
    const floats = readFileSync(path);
    vectors.flatMap((v) => v.embedding).forEach((x, i) => expect(floats.readFloatLE(4 * i)).toBe(Math.fround(x)));
  });

  test('token ids as they are: a list, or a list of lists', () => {
    const [ids, path] = [join(folder, 'lists.json'), join(folder, 'rows.f32')];
    writeFileSync(ids, '[[5, 6, 7], [5]]');
    const flags = ['embed', '-m', story, '--ids-file', ids, '-o', path, '--no-normalize', '--backend', 'cpu'];
    expect(cli([...flags, '--pooling', 'none']).status).toBe(0);
    const rows = readFileSync(path);
    expect(cli([...flags, '--pooling', 'last']).status).toBe(0);
    const width = readFileSync(path).length / 2;
    expect(rows).toHaveLength(4 * width);
    expect(
      readFileSync(path)
        .subarray(0, width)
        .equals(rows.subarray(2 * width, 3 * width)),
    ).toBe(true);
    writeFileSync(ids, '[5, 6, 7]');
    expect(cli([...flags, '--pooling', 'cls']).status).toBe(0);
    expect(readFileSync(path).equals(rows.subarray(0, width))).toBe(true);
    writeFileSync(ids, '[]');
    expect(cli(flags).stderr).toMatch(/lists\.json: expected a list of whole numbers/);
  });

  test('a model without a head for scores ranks nothing', () => {
    expect(cli(['rerank', '-m', story, '--query', 'a fox', 'a bear'])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('head for scores') as string,
    });
    expect(cli(['rerank', '-m', story, 'a bear']).stderr).toMatch(/--query/);
  });
});

test('bench', () => {
  const figures = JSON.parse(cli(['bench', '-p', '32', '-n', '8', '-r', '1', '--json']).stdout) as Record<string, number>;
  expect(figures.prefill).toBeGreaterThan(0);
  expect(figures.decode).toBeGreaterThan(0);
});

describe('what is wrong is one line, and exit code 1', () => {
  test.each<[string[], RegExp]>([
    [[], /expected a command/],
    [['dance'], /dance/],
    [['run', '--dance'], /dance/],
    [['run', '-n', 'ten'], /--max-tokens: expected a number, found "ten"/],
    [['run', '-n'], /-n: expected a value/],
    [['run', '-p', ''], /--prompt: expected a text, found nothing/],
    [['run', '-f', '/dev/null'], /\/dev\/null: expected a text, found nothing/],
    [['run', '-p', 'x', '--logprobs', '2'], /--logprobs: has an effect with --json only/],
    [['run', '-p', 'x', '-fa', 'on'], /^llama-ts: -fa is not an option here: /],
    [['run', '-p', 'x', '-tb', '1'], /^llama-ts: -tb is not an option here: /],
    [['run', '-p', 'x', '-hf', 'org/repo', '--offline'], /^llama-ts: hf:org\/repo is not in the cache .*this is offline/],
    [['run', '-p', 'x', '-dr', 'smollm2'], /^llama-ts: -dr is not an option here: /],
    [['run', '-p', 'x', '-sys', 'hi'], /^llama-ts: -sys is not an option of llama-ts run, but of llama-ts chat/],
    [['run', '-p', 'x', '-cnv'], /-cnv is not an option of llama-ts run: llama-ts chat/],
    [['run', '-p', 'x', '--samplers', 'top_k', '--sampler-seq', 'k'], /mutually exclusive/],
    [['chat', '-no-cnv'], /-no-cnv is not an option of llama-ts chat: llama-ts run/],
    [['tokenize', ''], /expected a text, found nothing/],
    [['perplexity', '-m', story, '-f', '/dev/null'], /\/dev\/null: expected a text, found nothing/],
    [['imatrix', '-m', story, '-f', '/dev/null'], /\/dev\/null: expected a text, found nothing/],
    [['logits', '--ids', '', '-o', 'out'], /--ids: expected token ids like 5,6,7, found ""/],
    [['gguf'], /expected a command after gguf: split, merge, show, set, diff/],
    [['gguf', 'split', story], /expected PREFIX: llama-ts gguf split FILE PREFIX/],
    [['run', '-m', '/no/such.gguf', '-p', 'x'], /\/no\/such\.gguf/],
    [['run', '-m', '/no/such.gguf', '-f', '/no/such.txt'], /cannot read \/no\/such\.txt: ENOENT/],
    [['run', '-m', '/dev/null', '-p', 'x'], /./],
    [['run', '--backend', 'quantum'], /backend/],
    [['run', '--top-k', '5', '--samplers', 'temperature'], /topK: has no effect/],
    [['run', '--temp', '-1'], /temperature: expected a number from 0/],
    [['logits', '--ids', '5,x', '-o', 'out'], /--ids: expected token ids like 5,6,7, found "x"/],
    [['logits', '--ids', '5'], /-o OUT/],
    [['logits', '-o', 'out'], /--ids 5,6,7 or --ids-file/],
    [['logits', '--ids', '99999', '-o', 'out'], /99999/],
    [['inspect', '/no/such.gguf'], /\/no\/such\.gguf/],
    [['inspect'], /./],
    [['tokenize', '-m', '/no/such.gguf', 'x'], /\/no\/such\.gguf/],
    [['bench', '-r', '0'], /--repetitions: expected an integer of at least 1/],
  ])('%j', (words, message) => {
    const { stdout, stderr, status } = cli(words);
    const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('Using the small'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^llama-ts: /);
    expect(lines[0]).toMatch(message);
    expect({ stdout, status }).toEqual({ stdout: '', status: 1 });
  });
});

test.each([[['run']], [['run', '-p', '-']], [['run', '-m', story]], [['tokenize']], [['tokenize', '-']]])('empty standard input is an error: %j', (words) => {
  const { stdout, stderr, status } = cli(words, '');
  expect({ stdout, status }).toEqual({ stdout: '', status: 1 });
  expect(stderr).toMatch(/^llama-ts: standard input: expected a text, found nothing$/m);
});

describe('without the addon', () => {
  // A package whose compiled part is nowhere: dist, package.json and what they need.
  const bare = (): string => {
    const package_ = join(folder, 'bare');
    mkdirSync(package_, { recursive: true });
    for (const name of ['dist', 'package.json']) cpSync(join(root, name), join(package_, name), { recursive: true });
    if (!existsSync(join(package_, 'node_modules'))) symlinkSync(join(root, 'node_modules'), join(package_, 'node_modules'), 'junction');
    return join(package_, 'dist', 'bin', 'llama-ts.js');
  };
  const { LLAMA_TS_PREBUILD: _, ...env } = process.env; // another addon, named for all packages
  const ran = (...words: string[]) => spawnSync(process.execPath, [bare(), ...words], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] });

  test('help is the same', () => {
    for (const words of [
      ['--help'],
      ['help', 'run'],
      ['run', '--help'],
      ['chat', '-h'],
      ['gguf', 'set', '--help'],
      ['imatrix', '--help'],
      ['build', '--help'],
      ['bench', '--help'],
    ]) {
      expect(ran(...words)).toMatchObject({ stdout: cli(words).stdout, stderr: '', status: 0 });
      expect(cli(words).stdout.length).toBeGreaterThan(200);
    }
  });

  test('--version says that there is none, and what to do', () => {
    const { stdout, status } = ran('--version');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\nbackends: none: .*npx llama-ts build/);
  });

  test('flags that are wrong are told before it is missed; what needs it says so', () => {
    expect(ran('run', '-fa', 'on').stderr).toMatch(/^llama-ts: -fa is not an option here/);
    expect(ran('inspect', story)).toMatchObject({ status: 1, stderr: expect.stringMatching(/^llama-ts: llama-ts has no compiled addon/) as string });
  });
});

test('--help and --version', () => {
  expect(cli(['--help']).stdout).toMatch(/run.*chat.*tokenize.*inspect.*logits.*embed.*rerank.*bench.*build/s);
  expect(cli(['run', '--help']).stdout).toMatch(/--model.*--top-p.*--max-tokens/s);
  expect(cli(['--version']).stdout).toMatch(/^\d+\.\d+\.\d+\nbackends:\n(  .*\n)*  cpu: .*portable\n/);
});
