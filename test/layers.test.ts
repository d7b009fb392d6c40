// Which room may import which: docs/architecture.md says why. Reads every #include and import line.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative, sep } from 'node:path';

const root = join(__dirname, '..');

/** The rooms of native/, and the rooms that each may include beside itself. */
const rooms: Readonly<Record<string, readonly string[]>> = {
  core: [],
  simd: [],
  quant: ['core'],
  encode: ['simd', 'quant', 'core'],
  gguf: ['quant', 'core'],
  json: ['core'],
  safetensors: ['json', 'gguf', 'core'],
  convert: ['json', 'safetensors', 'encode', 'gguf', 'quant', 'core'],
  quantize: ['encode', 'gguf', 'quant', 'core'],
  tokenize: ['gguf', 'core'],
  grammar: ['json', 'tokenize', 'core'],
  sample: ['core'],
  comm: ['core'],
  model: ['gguf', 'quant', 'core'],
  engine: ['convert', 'model', 'sample', 'grammar', 'tokenize', 'comm', 'gguf', 'quant', 'core'],
  measure: ['engine', 'quantize', 'model', 'tokenize', 'gguf', 'quant', 'core'],
  'backend/ref': ['quant', 'core'],
  'backend/cpu': ['simd', 'quant', 'core'],
  'backend/vulkan': ['quant', 'core'],
  'backend/gpu': ['quant', 'core'],
  addon: ['convert', 'engine', 'measure', 'grammar', 'quantize', 'tokenize', 'sample', 'gguf', 'quant', 'core'],
};

function files(folder: string, endings: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => endings.test(name))
    .map((name) => join(folder, name).split(sep).join('/'));
}

const roomOf = (path: string): string => /^(backend\/[^/]+|[^/]+)\//.exec(path)?.[1] ?? path;

const linesOf = (path: string): string[] => readFileSync(join(root, path), 'utf8').split('\n');

describe('native', () => {
  for (const [room, allowed] of Object.entries(rooms)) {
    test(`${room} includes ${allowed.join(', ') || 'the C++ library only'}`, () => {
      const wrong: string[] = [];
      for (const path of files(`native/${room}`, /\.(h|cpp|inc)$/)) {
        for (const line of linesOf(path)) {
          const target = /^\s*#\s*include\s+"([^"]+)"/.exec(line)?.[1];
          if (target === undefined || !target.includes('/')) continue; // a neighbour
          const to = roomOf(target);
          if (to !== room && !allowed.includes(to)) wrong.push(`${path}: ${target}`);
        }
      }
      expect(wrong).toEqual([]);
    });
  }

  test('only the addon includes napi.h', () => {
    const wrong = files('native', /\.(h|cpp)$/).filter(
      (path) => !path.startsWith('native/addon/') && linesOf(path).some((line) => /#\s*include\s+[<"](napi|node_api)/.test(line)),
    );
    expect(wrong).toEqual([]);
  });

  test('every room is in the table', () => {
    const found = readdirSync(join(root, 'native')).filter((name) => files(`native/${name}`, /\.(h|cpp)$/).length > 0);
    const known = new Set([...Object.keys(rooms).map((room) => room.split('/')[0]), 'check']);
    expect(found.filter((name) => !known.has(name))).toEqual([]);
  });
});

/** What a TypeScript file imports, as paths from the root where they are relative. */
function imports(path: string): string[] {
  const text = readFileSync(join(root, path), 'utf8').replace(/^\s*(\/\/|\*).*$/gm, '');
  const found = [...text.matchAll(/(?:from|import|require\(|import\()\s*'([^']+)'/g)].map((m) => m[1] ?? '');
  return found.map((name) =>
    name.startsWith('.')
      ? relative(root, normalize(join(root, dirname(path), name)))
          .split(sep)
          .join('/')
      : name,
  );
}

describe('lib', () => {
  const sources = files('lib', /\.m?ts$/);

  test('imports nothing of bin', () => {
    expect(sources.filter((path) => imports(path).some((name) => name.startsWith('bin')))).toEqual([]);
  });

  test('only binding.ts loads the addon', () => {
    const loads = sources.filter((path) => !path.endsWith('.d.ts') && imports(path).some((name) => name === 'node-gyp-build' || name.endsWith('.node')));
    expect(loads).toEqual(['lib/binding.ts']);
  });
});

describe('bin', () => {
  test("imports lib's public index only, and what needs no addon: the samplers' table and which name is near", () => {
    const wrong = files('bin', /\.ts$/).flatMap((path) =>
      imports(path)
        .filter((name) => name.startsWith('lib/') && !['lib/index', 'lib/server', 'lib/generated/samplers', 'lib/nearest'].includes(name))
        .map((name) => `${path}: ${name}`),
    );
    expect(wrong).toEqual([]);
  });
});
