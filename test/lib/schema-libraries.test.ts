// Schemas of Zod, Valibot and ArkType: what they bind, the values they give, and the types those have. Skipped where they are not installed.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { root } from '../support/shared';

const packages = ['zod', 'valibot', '@valibot/to-json-schema', 'arktype'];
const absent = packages.find((name) => !existsSync(join(root, 'node_modules', name)));
const withAll = (name: string, run: () => void): void => {
  if (absent === undefined) test(name, run, 120_000);
  else test.skip(`${name} (skipped: ${absent} is not installed)`, run);
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-ts-libraries-'));
  mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true });
  symlinkSync(root, join(folder, 'node_modules', 'llama-ts'), 'junction');
  symlinkSync(join(root, 'node_modules', '@types', 'node'), join(folder, 'node_modules', '@types', 'node'), 'junction');
  for (const name of ['zod', 'valibot', 'arktype', '@valibot', '@ark', 'arkregex', 'undici-types']) {
    symlinkSync(join(root, 'node_modules', name), join(folder, 'node_modules', name), 'junction');
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const schemas = `
import { z } from 'zod';
import * as v from 'valibot';
import { type } from 'arktype';
export const zod = z.object({ name: z.string().max(8), n: z.number().int().min(1).max(9).optional(), kind: z.enum(['fox', 'owl']).transform((s) => s.length) });
export const union = z.discriminatedUnion('t', [z.object({ t: z.literal('a'), n: z.literal(1) }), z.object({ t: z.literal('b'), s: z.literal('x') })]);
export const valibot = v.object({ a: v.pipe(v.string(), v.maxLength(5)), b: v.picklist(['x', 'y']), c: v.optional(v.boolean()) });
export const ark = type({ a: 'string <= 6', 'b?': '1 <= number.integer <= 9', c: "'u' | 'w'" });
`;

withAll('their values are typed as the libraries say', () => {
  writeFileSync(join(folder, 'schemas.mts'), schemas);
  writeFileSync(
    join(folder, 'types.mts'),
    `import { compileSchema, type Model } from 'llama-ts';
    import { ark, union, valibot, zod } from './schemas.mjs';
    type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
    const is = <A, B>(_: Same<A, B>): void => {};
    export async function typed(model: Model): Promise<void> {
      const a = await model.generate('x', { schema: zod, maxTokens: 5 });
      is<typeof a.value, { name: string; n?: number | undefined; kind: number } | undefined>(true);
      const b = await model.generate('x', { schema: union });
      is<typeof b.value, { t: 'a'; n: 1 } | { t: 'b'; s: 'x' } | undefined>(true);
      const c = await model.chat().send('x', { schema: valibot });
      is<typeof c.value, { a: string; b: 'x' | 'y'; c?: boolean | undefined } | undefined>(true);
      const d = await model.generate('x', { schema: await compileSchema(ark), n: 2 })[0];
      is<NonNullable<typeof d>['value'], { a: string; b?: number; c: 'u' | 'w' } | undefined>(true);
    }`,
  );
  const tsc = join(root, 'node_modules', 'typescript-newest', 'bin', 'tsc');
  const words = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,esnext.disposable', '--module', 'node16', '--skipLibCheck', '--types', 'node'];
  const { status, stdout } = spawnSync(process.execPath, [tsc, ...words, 'types.mts'], { cwd: folder, encoding: 'utf8' });
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

withAll('their values are what they validate', () => {
  writeFileSync(join(folder, 'schemas.mjs'), schemas);
  writeFileSync(
    join(folder, 'run.mjs'),
    `import { embeddedModel, loadModel } from 'llama-ts';
    import { z } from 'zod';
    import { ark, union, valibot, zod } from './schemas.mjs';
    const model = await loadModel(embeddedModel, { threads: 1 });
    const out = {};
    for (const [name, schema] of Object.entries({ zod, union, valibot, ark })) {
      const { text, value, complete } = await model.generate('Once', { schema, seed: 1, temperature: 2, maxTokens: 200 });
      out[name] = { text: JSON.parse(text), value, complete };
    }
    for (const [name, schema] of Object.entries({ date: z.date(), refine: z.literal('a').refine(() => false, 'never') }))
      out[name] = await model.generate('Once', { schema }).catch(({ code, message }) => ({ code, message }));
    await model.dispose();
    console.log(JSON.stringify(out));`,
  );
  const { stdout, stderr } = spawnSync(process.execPath, ['run.mjs'], { cwd: folder, encoding: 'utf8', timeout: 100_000 });
  expect(stderr).toBe('');
  type Said = Record<string, { text: Record<string, unknown>; value: Record<string, unknown>; complete: boolean; code: string; message: string }>;
  const { zod, union, valibot, ark, date, refine } = JSON.parse(stdout) as Said;
  expect(zod?.value).toEqual({ ...zod?.text, kind: 3 });
  expect(union?.value).toEqual(union?.text);
  expect(['{"t":"a","n":1}', '{"t":"b","s":"x"}']).toContain(JSON.stringify(union?.value));
  expect(valibot?.value).toMatchObject({ a: expect.any(String), b: expect.stringMatching(/^[xy]$/) });
  expect(ark?.value).toMatchObject({ a: expect.any(String), c: expect.stringMatching(/^[uw]$/) });
  for (const said of [zod, union, valibot, ark]) expect(said?.complete).toBe(true);
  expect(date).toMatchObject({ code: 'SCHEMA', message: expect.stringMatching(/Date/) });
  expect(refine).toMatchObject({ code: 'SCHEMA', message: expect.stringMatching(/never/) });
});
