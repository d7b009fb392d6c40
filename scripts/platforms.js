// The npm packages that carry a compiled addon: one a platform, and one more for each kind of GPU there. docs/packaging.md.
'use strict';
const { existsSync } = require('node:fs');
const os = require('node:os');

// A package of the CPU is an optional dependency of llama-ts: npm installs the one that fits. One with a GPU's part is larger,
// fits every machine of its platform, and is installed by name.
const platforms = [
  { os: 'linux', cpu: 'x64', libc: 'glibc', parts: ['cuda', 'rocm', 'vulkan'] },
  { os: 'linux', cpu: 'x64', libc: 'musl', parts: [] },
  { os: 'linux', cpu: 'arm64', libc: 'glibc', parts: ['cuda', 'vulkan'] },
  { os: 'linux', cpu: 'arm64', libc: 'musl', parts: [] },
  { os: 'darwin', cpu: 'x64', parts: [] },
  { os: 'darwin', cpu: 'arm64', parts: [] },
  { os: 'win32', cpu: 'x64', parts: ['vulkan'] },
];

const nameOf = ({ os, cpu, libc }, part) => `@llama-ts/${[os, cpu, ...(libc === 'musl' ? [libc] : []), ...(part ? [part] : [])].join('-')}`;

/** The platform of this machine. */
function here() {
  const libc = existsSync('/etc/alpine-release') ? 'musl' : 'glibc';
  const found = platforms.find((p) => p.os === os.platform() && p.cpu === os.arch() && (p.libc ?? libc) === libc);
  if (!found) throw new Error(`no package is made for ${os.platform()}-${os.arch()}: add it to scripts/platforms.js`);
  return found;
}

/** Names of all packages: of the CPU, and with a GPU's part. */
const cpuPackages = () => platforms.map((p) => nameOf(p));
const gpuPackages = () => platforms.flatMap((p) => p.parts.map((part) => nameOf(p, part)));

module.exports = { platforms, nameOf, here, cpuPackages, gpuPackages };
