// What is generated from native/sample, and what names the addon's exports, is fresh.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import nodeGypBuild from 'node-gyp-build';

import type { Addon, NativeSampler } from '../lib/native';

const root = join(__dirname, '..');
const native = (nodeGypBuild(root) as Addon).attach({ makeError: (_, message) => new Error(message), deliver: () => {} });
const script = jest.requireActual<{
  generate(samplers: NativeSampler[], order: string[]): string;
  docsTable(samplers: NativeSampler[]): string;
  table: RegExp;
}>('../scripts/samplers.js');

test('lib/generated/samplers.ts: run `npm run generate`', () => {
  expect(readFileSync(join(root, 'lib/generated/samplers.ts'), 'utf8')).toBe(script.generate(native.samplers(), native.samplerOrder()));
});

test('the sampler table of docs/api/model.md: run `npm run generate`', () => {
  expect(script.table.exec(readFileSync(join(root, 'docs/api/model.md'), 'utf8'))?.[0]).toContain(script.docsTable(native.samplers()));
});

test("lib/native.ts names the addon's exports", () => {
  const declared = /export interface Native \{([\s\S]*?)\n\}/.exec(readFileSync(join(root, 'lib/native.ts'), 'utf8'))?.[1] ?? '';
  const names = [...declared.matchAll(/^ {2}(?:readonly )?(\w+)[(:]/gm)].map((m) => m[1]);
  expect(names.sort()).toEqual(Object.keys(native).sort());
});
