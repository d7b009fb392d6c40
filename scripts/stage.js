// What both kinds of packages are made with: a folder of their files, and a tarball of it beside that folder.
'use strict';
const { execFileSync } = require('node:child_process');
const { mkdirSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');

const root = join(__dirname, '..');
const prebuilds = join(root, 'prebuilds');

const npm = (args, cwd) =>
  execFileSync('npm', [...args, '--ignore-scripts'], { cwd, encoding: 'utf8', shell: process.platform === 'win32', maxBuffer: 1 << 26 });

/** An empty folder in `output` for the package of this name. */
function stage(output, name) {
  const folder = join(output, name.replace('@', '').replace('/', '-'));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Where the project lives. package.json names nobody's copy; the workflow that publishes knows its own, and npm compares them. */
function addresses() {
  const { homepage, repository, bugs } = require('../package.json');
  const owned = (address) => address.replace('OWNER/llama-ts', process.env.GITHUB_REPOSITORY ?? 'OWNER/llama-ts');
  return { homepage: owned(homepage), repository: owned(repository), bugs: owned(bugs) };
}

/** Writes the package's package.json and packs it. Returns where, and its sizes. */
function pack(folder, manifest) {
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify({ ...manifest, ...addresses() }, null, 2)}\n`);
  const [packed] = Object.values(JSON.parse(npm(['pack', '--json', '--pack-destination', '..'], folder)));
  return { path: join(folder, '..', packed.filename), size: packed.size, unpackedSize: packed.unpackedSize };
}

const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
const report = ({ path, size, unpackedSize }) => console.log(`${path}: ${mebibytes(size)}, unpacked ${mebibytes(unpackedSize)}`);

module.exports = { root, prebuilds, npm, stage, addresses, pack, report };
