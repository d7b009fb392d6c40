// How the words of a command line are read, without running anything.
import { commandOf, programOf, type Command } from '../../bin/catalog';
import { plainWords, readWords, unmarked } from '../../bin/arguments';
import { generateFlags, generateOptions, loadFlags, loadOptions } from '../../bin/flags';
import { llamaCpp } from '../../bin/llama-cpp';
import { distance, nearest } from '../../lib/nearest';
import { samplersByLetter, samplersByName } from '../../bin/samplers';
import { readEscapes } from '../../bin/escapes';
import yargs from 'yargs';

const run = commandOf({
  command: 'run',
  builder: (y) =>
    generateFlags(loadFlags(y)).options({
      prompt: { type: 'string', alias: ['p'] },
      json: { type: 'boolean' },
      conversation: { type: 'boolean', hidden: true, alias: 'cnv' },
    }),
  handler: () => {},
});
const tokenize = commandOf({ command: 'tokenize [text..]', builder: (y) => y.options({ ids: { type: 'boolean' } }), handler: () => {} });
const chat = commandOf({
  command: 'chat',
  builder: (y) =>
    y.options({
      system: { type: 'string', alias: ['sys'] },
      'system-prompt-file': { type: 'string', alias: ['sysf'] },
      'single-turn': { type: 'boolean', alias: 'st' },
    }),
  handler: () => {},
});
const program: Command = { ...programOf([]), commands: [run, tokenize, chat] };

const read = (...words: string[]): string[] => plainWords(program, run, words).map(unmarked);

describe('flags', () => {
  test("experts' places become one option", () => {
    expect(loadOptions({ cpuMoe: true })).toEqual({ cpuExperts: true });
    expect(loadOptions({ nCpuMoe: 3 })).toEqual({ cpuExperts: 3 });
    const { cpuExperts } = loadOptions({ overrideTensor: ['blk\\.1\\.ffn_.*_exps=CPU,up_exps=cpu'] });
    expect(String(cpuExperts)).toBe('/(?:blk\\.1\\.ffn_.*_exps)|(?:up_exps)/');
    expect(() => loadOptions({ overrideTensor: ['x=CUDA0'] })).toThrow('expected PATTERN=CPU');
    expect(() => loadOptions({ overrideTensor: ['(=CPU'] })).toThrow('expected a regular expression');
    expect(() => loadOptions({ cpuMoe: true, nCpuMoe: 1 })).toThrow('give one of them');
  });

  test.each<[string[], string[]]>([
    [['-n', '8'], ['--max-tokens=8']],
    [['-n=8'], ['--max-tokens=8']],
    [['-n8'], ['--max-tokens=8']],
    [['-n-1'], ['--max-tokens=-1']],
    [['--n-predict', '-1'], ['--max-tokens=-1']],
    [['--maxTokens', '3'], ['--max-tokens=3']],
    [['-ngl', '99'], ['--gpu-layers=99']],
    [['-ngl=all'], ['--gpu-layers=all']],
    [['--ngl', '1'], ['--gpu-layers=1']],
    [
      ['-ncmoe', '4', '-ot', 'exps=CPU'],
      ['--n-cpu-moe=4', '--override-tensor=exps=CPU'],
    ],
    [
      ['-ub', '64', '-b', '2048'],
      ['--ubatch-size=64', '--batch-tokens=2048'],
    ],
    [
      ['-ctk', 'q8_0', '-ctv', 'q8_0'],
      ['--cache-type-k=q8_0', '--cache-type-v=q8_0'],
    ],
    [['-dev', 'Vulkan0'], ['--backend=Vulkan0']],
    [
      ['-no-cnv', '-cnv'],
      ['--conversation=false', '--conversation=true'],
    ],
    [
      ['--json', '--no-json', '--json=false'],
      ['--json=true', '--json=false', '--json=false'],
    ],
    [['-p', '-5 degrees'], ['--prompt=-5 degrees']],
    [['-p', '- a list\n- of two'], ['--prompt=- a list\n- of two']],
    [['-p', '-'], ['--prompt=-']],
    [['-p', ''], ['--prompt=']],
    [['-p', '"quoted" = 1'], ['--prompt="quoted" = 1']],
    [['--prompt=--json'], ['--prompt=--json']],
  ])('%j', (words, expected) => {
    expect(read(...words)).toEqual(expected);
  });

  test.each<[string[], RegExp]>([
    [['-n'], /^-n: expected a value after it$/],
    [['-p', '--json'], /^-p: .*found --json; .*--prompt=--json$/],
    [['--json=perhaps'], /^--json: expected no value, true or false, found "perhaps"$/],
    [['--cache-type', 'q4_0'], /^--cache-type: expected one of f16, f32, q8_0, found "q4_0"$/],
    [['-ctk', 'q4_0'], /^--cache-type-k: expected one of/],
    [['--temprature', '1'], /^unknown flag --temprature: did you mean --temperature\?$/],
    [['--top_k', '1'], /did you mean --top-k\?$/],
    [['-temp', '1'], /^unknown flag -temp: did you mean --temp(erature)?\?$/],
    [['-xyz'], /^unknown flag -xyz: llama-ts run --help lists the flags$/],
    [['-vn', '3'], /^unknown flag -vn: /],
    [['-sys', 'hi'], /^-sys is not an option of llama-ts run, but of llama-ts chat$/],
    [['hello'], /^unexpected "hello" after llama-ts run: give a prompt with -p$/],
    [['--', '--json'], /^unexpected "--json" after llama-ts run/],
  ])('%j is refused', (words, message) => {
    expect(() => read(...words)).toThrow(message);
  });

  // llama.cpp's names of one dash and several letters: none may be taken for letters.
  const shorts =
    'tb C Cr Cb Crb ub fa bf kvo nkvo nr ctk ctv dt np dio ndio lm dev ot cmoe ncmoe ngl sm ts mg fit fitt fitc mu dr hf hfr hff hft hfd hfrd hfv hfrv hffv cl lv ctkd ctvd ' +
    'jf bs co ctxcp cram sys sysf sp cnv no-cnv st mli mm mmu mmdev rea td tbd Cd Crd Cbd otd cmoed ncmoed devd ngld md lcs lcd cms kvu no-kvu cb nocb a to ag no-ag i if ptc gan gaw j sps mv ns cpent';
  test.each(shorts.split(' '))('-%s is known or refused by its whole name', (name) => {
    let words: string[] = [];
    try {
      words = read(`-${name}`, 'q8_0');
    } catch (error) {
      expect((error as Error).message).toMatch(new RegExp(`^-${name} is not an option |^unexpected "q8_0"`));
      return;
    }
    expect(words).toEqual([
      expect.stringMatching(/^--(cache-type-[kv]|ubatch-size|backend|gpu-layers|n-cpu-moe|override-tensor|json-schema|json-schema-file)=q8_0$/),
    ]);
  });

  test('what is refused says what to do, and is a name once', () => {
    expect(llamaCpp.why('-fa')).toMatch(/leave it out/);
    expect(llamaCpp.why('--no-such')).toBeUndefined();
    expect(llamaCpp.shorts.has('fa')).toBe(true);
  });
});

describe('what is no flag', () => {
  const texts = (...words: string[]): string[] => readWords(program, ['tokenize', ...words]);

  test.each<[string[], string[]]>([
    [
      ['--', '--ids', '-5', '--'],
      ['--ids', '-5', '--'],
    ],
    [
      ['a', '--', 'b'],
      ['a', 'b'],
    ],
    [
      ['--ids', '--', 'hello'],
      ['hello', '--ids=true'],
    ],
    [
      ['007', 'help', '-5', '-.5'],
      ['007', 'help', '-5', '-.5'],
    ],
    [
      ['--ids', 'true'],
      ['true', '--ids=true'],
    ],
  ])('%j', (words, expected) => {
    expect(
      texts(...words)
        .slice(1)
        .map(unmarked),
    ).toEqual(expected);
  });

  test('commands, and where they are missing', () => {
    expect(readWords(program, ['help', 'run'])).toEqual(['run', '--help=true']);
    expect(readWords(program, ['-h'])).toEqual(['--help']);
    expect(() => readWords(program, ['-m', 'x.gguf'])).toThrow(/^expected a command before -m: llama-ts run -m x\.gguf$/);
    expect(() => readWords(program, ['rnu'])).toThrow(/^unknown command "rnu": did you mean run\?$/);
    expect(() => readWords(program, ['--', 'run'])).toThrow(/^expected a command before --/);
  });
});

test('nearest names', () => {
  expect([distance('', 'abc'), distance('abc', 'acb'), distance('kitten', 'sitting'), distance('same', 'same')]).toEqual([3, 1, 3, 0]);
  expect(nearest('max-tokns', ['model', 'max-tokens', 'min-p'])).toBe('max-tokens');
  expect(nearest('verb', ['verbose', 'version'])).toBe('verbose');
  expect(nearest('zzz', ['model', 'seed'])).toBeUndefined();
});

test("samplers by their names here, by llama.cpp's names, and by letters", () => {
  expect(samplersByName('top_k;top_p')).toEqual(['topK', 'topP']);
  expect(samplersByName('topK, topP')).toEqual(['topK', 'topP']);
  expect(samplersByName('top-k;typ_p;temp;TOP_P')).toEqual(['topK', 'typicalP', 'temperature', 'topP']);
  // Its default order.
  expect(samplersByName('penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature')).toEqual([
    'penalties',
    'dry',
    'topNSigma',
    'topK',
    'typicalP',
    'topP',
    'minP',
    'xtc',
    'temperature',
  ]);
  expect(samplersByLetter('edskypmxt')).toEqual(samplersByName('penalties;dry;top_n_sigma;top_k;typ_p;top_p;min_p;xtc;temperature'));
  expect(samplersByLetter('ma')).toEqual(samplersByName('min_p;adaptive_p'));
  expect(() => samplersByName('top_k;magic')).toThrow(/^--samplers: .*found "magic"$/);
  expect(() => samplersByName('')).toThrow(/found ""$/);
  expect(() => samplersByLetter('kz')).toThrow(/^--sampler-seq: .*found "z"$/);
  expect(() => samplersByName('constructor')).toThrow();
});

test('escapes', () => {
  expect(readEscapes(String.raw`a\nb\r\t\'\"\\n\q`, '-p')).toBe('a\nb\r\t\'"\\n\\q');
  expect(readEscapes(String.raw`\x41\xe2\x80\xa6\\x41\x4`, '-p')).toBe('A\u2026\\x41\\x4');
  expect(() => readEscapes(String.raw`\xff`, '--prompt')).toThrow(/^--prompt: with -e, expected bytes of UTF-8, found \\xff$/);
});

describe('options of flags', () => {
  const parse = (...words: string[]): Record<string, unknown> =>
    generateFlags(loadFlags(yargs(read(...words))))
      .exitProcess(false)
      .parseSync() as Record<string, unknown>;

  test('a batch, the cache and devices as llama.cpp writes them', () => {
    expect(loadOptions(parse('-b', '2048', '-ub', '64')).batchTokens).toBe(64);
    expect(loadOptions(parse('-ub', '64', '-b', '2048')).batchTokens).toBe(64);
    expect(loadOptions(parse('-ctk', 'q8_0', '-ctv', 'q8_0')).cacheType).toBe('q8_0');
    expect(loadOptions(parse('-ctk', 'f16')).cacheType).toBe('f16');
    expect(() => loadOptions(parse('-ctk', 'q8_0'))).toThrow(/--cache-type-k, --cache-type-v: .*found q8_0 and f16$/);
    expect(['Vulkan1', 'CUDA0', 'none', 'vulkan:1', 'auto'].map((name) => loadOptions(parse('-dev', name)).backend)).toEqual([
      'vulkan:1',
      'cuda:0',
      'cpu',
      'vulkan:1',
      'auto',
    ]);
    expect(() => loadOptions(parse('-dev', 'CUDA0,CUDA1'))).toThrow(/expected one device/);
  });

  test('-e reads stop texts too; without it they keep their bytes', () => {
    expect(generateOptions(parse('-r', '\\n', '-e')).stop).toEqual(['\n']);
    expect(generateOptions(parse('-r', '\\n')).stop).toEqual(['\\n']);
  });
});
