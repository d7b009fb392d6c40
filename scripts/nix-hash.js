// Writes .devops/nix/node-modules.json: the hashes by which Nix knows the npm packages of package-lock.json. To be run when the
// lock has changed (test/nix.test.ts says so). Needs npm and its registry, not Nix.
'use strict';
const { execFileSync } = require('node:child_process');
const { createHash } = require('node:crypto');
const { copyFileSync, lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');

const root = join(__dirname, '..');
const file = join(root, '.devops', 'nix', 'node-modules.json');

// What .devops/nix/node-modules.nix asks npm for.
const systems = {
  any: ['none', 'none', 'none'],
  'x86_64-linux': ['linux', 'x64', 'glibc'],
  'aarch64-linux': ['linux', 'arm64', 'glibc'],
  'x86_64-darwin': ['darwin', 'x64', 'glibc'],
  'aarch64-darwin': ['darwin', 'arm64', 'glibc'],
};

const sha256 = () => createHash('sha256');

/** What of the lock decides the packages: not the project's own version and programs. */
function lockDigest(lock) {
  const { '': own, ...packages } = lock.packages;
  return sha256()
    .update(JSON.stringify([own.dependencies, own.devDependencies, packages]))
    .digest('hex');
}

/** A string of the archive format: its length, its bytes, zeros to a multiple of eight. */
function put(hash, bytes) {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  hash
    .update(length)
    .update(bytes)
    .update(Buffer.alloc((8 - (bytes.length % 8)) % 8));
}

/** Feeds a file tree to the hash in the archive format of Nix (E. Dolstra, The Purely Functional Software Deployment Model, 5.2). */
function archive(hash, path) {
  const words = (...list) => list.forEach((word) => put(hash, Buffer.from(word)));
  const stat = lstatSync(path);
  words('(', 'type');
  if (stat.isSymbolicLink()) words('symlink', 'target', readlinkSync(path));
  else if (stat.isDirectory()) {
    words('directory');
    for (const name of readdirSync(path).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
      words('entry', '(', 'name', name, 'node');
      archive(hash, join(path, name));
      words(')');
    }
  } else {
    words('regular', ...(stat.mode & 0o100 ? ['executable', ''] : []), 'contents');
    put(hash, readFileSync(path));
  }
  words(')');
}

/** The hash of a file tree, as `nix hash path` gives it. */
function hashOfPath(path) {
  const hash = sha256();
  put(hash, Buffer.from('nix-archive-1'));
  archive(hash, path);
  return `sha256-${hash.digest('base64')}`;
}

function hashOfPackages([os, cpu, libc]) {
  const folder = mkdtempSync(join(tmpdir(), 'llama-ts-nix-hash-'));
  try {
    for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(root, name), join(folder, name));
    execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', `--os=${os}`, `--cpu=${cpu}`, `--libc=${libc}`], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    rmSync(join(folder, 'node_modules', '.package-lock.json'));
    return hashOfPath(join(folder, 'node_modules'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

module.exports = { file, lockDigest, hashOfPath };

if (require.main === module) {
  const hashes = Object.entries(systems).map(([system, platform]) => [system, hashOfPackages(platform)]);
  const written = { lock: lockDigest(require('../package-lock.json')), ...Object.fromEntries(hashes) };
  writeFileSync(file, `${JSON.stringify(written, null, 2)}\n`);
}
