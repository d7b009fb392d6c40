// The flake: what it takes from the project is fresh, and, where Nix is at hand, it evaluates (against a stand-in for nixpkgs:
// ../shared/nix/check-flake.sh, which needs checkouts of flake-parts and nixpkgs.lib in $FLAKE_PARTS and $NIXPKGS_LIB).
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { hasShared, root, sharedPath } from './support/shared';

const read = (...path: string[]): string => readFileSync(join(root, ...path), 'utf8');
const nixFiles = [
  'flake.nix',
  ...readdirSync(join(root, '.devops', 'nix'))
    .filter((name) => name.endsWith('.nix'))
    .map((name) => `.devops/nix/${name}`),
];

const { file, lockDigest, hashOfPath } = jest.requireActual<{ file: string; lockDigest(lock: unknown): string; hashOfPath(path: string): string }>(
  '../scripts/nix-hash.js',
);

test('the hashes of npm packages are of this lock: run `npm run nix:hash`', () => {
  const hashes = JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
  expect(hashes.lock).toBe(lockDigest(JSON.parse(read('package-lock.json'))));
  const { lock: _, ...systems } = hashes;
  expect(Object.keys(systems)).toEqual(['any', 'x86_64-linux', 'aarch64-linux', 'x86_64-darwin', 'aarch64-darwin']);
  for (const hash of Object.values(systems)) expect(hash).toMatch(/^sha256-[A-Za-z0-9+/]{43}=$/);
});

const hasNix = spawnSync('nix', ['--version']).status === 0;

/** A test that needs Nix, or says in its name why it is skipped. */
function nixTest(name: string, lacking: string | undefined, run: () => void, timeoutMs = 60_000): void {
  if (lacking === undefined) test(name, run, timeoutMs);
  else test.skip(`${name} (skipped: ${lacking})`, run);
}
const noNix = hasNix ? undefined : 'nix is not installed';

nixTest('hashes of file trees are those of nix hash path', noNix, () => {
  const folder = mkdtempSync(join(tmpdir(), 'llama-ts-nix-'));
  try {
    mkdirSync(join(folder, 'empty'));
    mkdirSync(join(folder, 'a'));
    writeFileSync(join(folder, 'a', 'eight...'), '12345678');
    writeFileSync(join(folder, 'a', 'run'), '#!/bin/sh\n');
    chmodSync(join(folder, 'a', 'run'), 0o755);
    writeFileSync(join(folder, 'a-'), '');
    writeFileSync(join(folder, 'Ü'), 'ü');
    symlinkSync('a/run', join(folder, 'link'));
    const nix = execFileSync('nix', ['--extra-experimental-features', 'nix-command', 'hash', 'path', folder], { encoding: 'utf8' });
    expect(hashOfPath(folder)).toBe(nix.trim());
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('every setting that Nix gives to cmake is in docs/build.md', () => {
  const text = read('.devops', 'nix', 'package.nix');
  const parts = [...text.matchAll(/\(part "(\w+)"/g)].map(([, name]) => `LLAMA_TS_${name}`);
  expect(parts).toEqual(['LLAMA_TS_CUDA', 'LLAMA_TS_HIP', 'LLAMA_TS_VULKAN', 'LLAMA_TS_MPI']);
  const documented = read('docs', 'build.md');
  const more = [...text.matchAll(/\(cmakeFeature "(\w+)"/g)].map(([, name]) => name);
  expect(more).toEqual(expect.arrayContaining(['CMAKE_CUDA_ARCHITECTURES', 'GPU_TARGETS']));
  for (const name of [...parts, ...more]) expect(documented).toContain(`\`${name}\``);
});

test('flake.lock pins what flake.nix names', () => {
  const lock = JSON.parse(read('flake.lock')) as { nodes: Record<string, { locked?: { narHash: string; rev: string } }> };
  expect(Object.keys(lock.nodes).sort()).toEqual(['flake-parts', 'nixpkgs', 'nixpkgs-lib', 'root']);
  for (const { locked } of Object.values(lock.nodes)) {
    if (locked !== undefined) expect([locked.rev, locked.narHash].join()).toMatch(/^[0-9a-f]{40},sha256-[A-Za-z0-9+/]{43}=$/);
  }
});

nixTest('every .nix file parses', noNix, () => {
  for (const name of nixFiles) execFileSync('nix-instantiate', ['--parse', join(root, name)], { stdio: 'ignore' });
});

nixTest('the files are formatted as nixfmt does', spawnSync('nixfmt', ['--version']).status === 0 ? undefined : 'nixfmt is not installed', () => {
  execFileSync('nixfmt', ['--check', ...nixFiles.map((name) => join(root, name))]);
});

const checkouts = process.env.FLAKE_PARTS && process.env.NIXPKGS_LIB ? undefined : '$FLAKE_PARTS and $NIXPKGS_LIB name no checkouts';
const evaluation = noNix ?? (hasShared('nix/check-flake.sh') ? checkouts : '../shared/nix/check-flake.sh is absent');
for (const era of ['2411', '2605']) {
  nixTest(
    `the flake evaluates on four systems, nixpkgs of ${era}`,
    evaluation,
    () => {
      const { stdout, status } = spawnSync(sharedPath('nix/check-flake.sh'), ['--era', era, root], { encoding: 'utf8' });
      expect(stdout.split('\n').filter((line) => line.startsWith('FAIL'))).toEqual([]);
      expect(status).toBe(0);
    },
    300_000,
  );
}
