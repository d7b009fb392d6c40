// What grammars allow over a vocabulary, without a model: by hand here, and by the judge of ../shared/schema, which knows JSON Schema's official test suite,
// schemas found in the wild, and has automata of its own for regular expressions and GBNF.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkGrammar, embeddedModel, loadTokenizer, type GrammarCase, type GrammarVerdict, type Tokenizer } from 'llama-ts';

import { root, sharedPath, slowSharedTest } from '../support/shared';

const program = join(root, 'dist', 'bin', 'llama-ts.js');
let tokenizer: Tokenizer;
let folder = '';
beforeAll(async () => {
  tokenizer = await loadTokenizer(embeddedModel);
  folder = mkdtempSync(join(tmpdir(), 'llama-ts-grammar-'));
});
afterAll(() => {
  tokenizer.dispose();
  rmSync(folder, { recursive: true });
});

type Right = Extract<GrammarVerdict, { ok: true }>;
async function right(asked: GrammarCase): Promise<Right> {
  const verdict = await checkGrammar(tokenizer, asked);
  if (!verdict.ok) throw new Error(verdict.message);
  return verdict;
}

describe('checkGrammar', () => {
  test.each<[GrammarCase, string[], string[]]>([
    [{ kind: 'regex', grammar: '(?:ab|c)+d?' }, ['ab', 'cabd', 'c'], ['', 'a', 'abdd', 'x']],
    [{ kind: 'choice', grammar: ['yes', 'no', 'nope'] }, ['yes', 'no', 'nope'], ['ye', 'nop', 'yesno']],
    [{ kind: 'gbnf', grammar: 'root ::= "(" root ")" | "x"' }, ['x', '((x))'], ['(x', '()', 'xx']],
    [{ kind: 'lark', grammar: 'start: start "+" A | A\nA: /[0-9]+/ & ~"7"\n%ignore " "' }, ['1', '1 +77+ 3'], ['7', '1+', '1 2', '+1']],
    [{ kind: 'schema', text: '{"type":"integer","minimum":10,"maximum":120}' }, ['10', '99', '120'], ['9', '121', '1', '"10"', '1e9']],
  ])('%j', async (asked, valid, invalid) => {
    const walks = [...valid, ...invalid].flatMap((text) => [{ text }, { text, detours: 5 }]);
    const verdict = await right({ ...asked, walks });
    const allowed = verdict.walks.map(({ refusedAt, end }) => refusedAt === null && end);
    expect(allowed).toEqual([...valid, ...invalid].flatMap((_, i) => Array(2).fill(i < valid.length)));
    for (const { dead, maskUs, tokens, refusedAt } of verdict.walks) {
      expect(dead).toBeNull();
      expect(maskUs).toHaveLength((refusedAt ?? tokens) + 1);
    }
  });

  test('masks have a bit for each token that may come', async () => {
    const { masks } = await right({ kind: 'choice', grammar: ['cat', 'car', 'dog'], masks: [[], [...tokenizer.encode('ca')]] });
    const has = (mask: Uint8Array, id: number): boolean => ((mask[id >> 3] as number) >> (id & 7)) % 2 === 1;
    masks.forEach((mask, i) => {
      const rests = i === 0 ? ['cat', 'car', 'dog'] : ['t', 'r'];
      for (let id = 0; id < tokenizer.size; id++) {
        const text = tokenizer.decode([id]);
        if (text !== '' && tokenizer.encode(`x${text}`).at(-1) === id) expect([id, has(mask, id)]).toEqual([id, rests.some((rest) => rest.startsWith(text))]);
      }
    });
  });

  test('samples are valid, and the same for a seed', async () => {
    const asked: GrammarCase = { kind: 'regex', grammar: '[a-f]{2,5}(?:-[0-9]+)?', samples: { seeds: [1, 2, 3, 1], maxTokens: 40 } };
    const { samples } = await right(asked);
    const texts = samples.map(({ ids }) => tokenizer.decode(ids));
    samples.forEach(({ complete, stuck }, i) => {
      expect(stuck).toBe(false);
      if (complete) expect(texts[i]).toMatch(/^[a-f]{2,5}(-[0-9]+)?$/);
    });
    expect(texts[3]).toBe(texts[0]);
    expect(new Set(texts).size).toBeGreaterThan(1);
  });

  test.each<[string, unknown, object]>([
    ['a broken pattern', { kind: 'regex', grammar: '(' }, { code: 'ARGUMENT' }],
    ['no kind', {}, { code: 'ARGUMENT' }],
    ['no object', undefined, { code: 'ARGUMENT' }],
    ['choices that are no texts', { kind: 'choice', grammar: [1] }, { code: 'ARGUMENT' }],
    [
      'a schema that nothing fits',
      { kind: 'schema', text: '{"type":"array","minItems":2,"maxItems":1}' },
      { code: 'SCHEMA', keyword: expect.any(String), at: expect.any(String) },
    ],
  ])('%s is a verdict', async (_, asked, expected) => {
    expect(await checkGrammar(tokenizer, asked as GrammarCase)).toMatchObject({ ok: false, ...expected });
  });
});

describe('llama-ts grammar check', () => {
  const run = (...words: string[]) => spawnSync(process.execPath, [program, 'grammar', 'check', ...words], { encoding: 'utf8', timeout: 60_000 });

  test('a result a case, in their order, whatever a line holds', () => {
    const [cases, out] = [join(folder, 'cases.jsonl'), join(folder, 'out.jsonl')];
    const lines = [{ id: 'a', kind: 'regex', grammar: 'a+', walks: [{ text: 'aa' }], masks: [[]] }, 'none', { id: 7, kind: 'regex', grammar: '[' }];
    writeFileSync(cases, lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'));
    expect(run('--cases', cases, '--out', out)).toMatchObject({ status: 0, stderr: '' });
    const results = readFileSync(out, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(results).toEqual([
      expect.objectContaining({ id: 'a', ok: true, masks: [expect.stringMatching(/^[A-Za-z0-9+/]+=*$/)] }),
      expect.objectContaining({ ok: false, code: 'ARGUMENT' }),
      expect.objectContaining({ id: 7, ok: false, code: 'ARGUMENT' }),
    ]);
  });

  test('a line an instance', () => {
    const [schema, instances] = [join(folder, 'schema.json'), join(folder, 'instances.jsonl')];
    writeFileSync(schema, '{"type":"array","items":{"type":"integer"},"maxItems":2}');
    writeFileSync(instances, '[1,2]\n[1,2,3]\n[1\n');
    const { status, stdout } = run('--schema', schema, '--instances', instances);
    expect(status).toBe(0);
    expect(stdout.split('\n').map((line) => line.split(' ')[0])).toEqual(['compiled', 'valid', 'refused', 'unended', '']);
  });

  test('says what it wants', () => {
    expect(run()).toMatchObject({ status: 1, stderr: expect.stringMatching(/--cases and --out, or --schema and --instances/) });
  });

  // What must never be, whatever is refused.
  const never = [
    'accepts invalid',
    'may end too early',
    'sampled an invalid answer',
    'depends on the cut or a detour',
    'mask differs',
    'dead end',
    'stuck while sampling',
  ];
  const crash = [
    'crashes',
    'never answers',
    'takes all memory',
    'untyped error',
    'accepted a malformed grammar',
    'accepted what must be refused',
    'no answer for a walk',
  ];
  slowSharedTest(
    'a sample of the judge finds nothing unsound',
    ['schema/judge.mjs'],
    async () => {
      const report = join(folder, 'report.json');
      const words = ['--cli', `"${process.execPath}" "${program}"`, '-m', embeddedModel, '--limit', '25', '--samples', '1', '--report', report];
      spawnSync(process.execPath, [sharedPath('schema/judge.mjs'), ...words, '--only', 'suite,bench,zod,regex,gbnf,choice'], {
        encoding: 'utf8',
        timeout: 280_000,
      });
      const { faults, cases } = JSON.parse(readFileSync(report, 'utf8')) as { faults: { what: string; id: string }[]; cases: number };
      expect(cases).toBeGreaterThan(100);
      expect(faults.filter(({ what }) => [...never, ...crash].includes(what))).toEqual([]);
    },
    300_000,
  );
});
