// Packs the addon that was built here as the npm package of this platform, into prebuilds/:
//   npm run build -- --no-vulkan --no-cuda --no-hip && npm run binary
//   npm run build -- --vulkan --no-cuda --no-hip && npm run binary -- vulkan
'use strict';
const { execFileSync } = require('node:child_process');
const { copyFileSync, mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { here, nameOf } = require('./platforms');
const { root, prebuilds, stage, pack, report } = require('./stage');

const addon = join(root, 'build', 'Release', 'llama-ts.node');

/** The package of a platform; `part`: with this kind of GPU. */
function packAddon(platform, part, output = prebuilds) {
  const { version, license, engines } = require('../package.json');
  const name = nameOf(platform, part);
  const kind = `${platform.os}-${platform.cpu}${platform.libc ? ` (${platform.libc})` : ''}${part ? `, with ${part}` : ''}`;
  const folder = stage(output, name);
  // The names that node-gyp-build looks for.
  const place = join(folder, 'prebuilds', `${platform.os}-${platform.cpu}`);
  mkdirSync(place, { recursive: true });
  const binary = join(place, `llama-ts.napi${platform.libc ? `.${platform.libc}` : ''}.node`);
  copyFileSync(addon, binary);
  if (platform.os === 'linux') execFileSync('strip', ['--strip-unneeded', binary]); // names that nothing looks up: 2 MB
  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  writeFileSync(join(folder, 'README.md'), `# ${name}\n\nThe compiled part of llama-ts for ${kind}.\n`);
  return pack(folder, {
    name,
    version,
    description: `The compiled part of llama-ts for ${kind}`,
    license,
    engines,
    os: [platform.os],
    cpu: [platform.cpu],
    ...(platform.libc && { libc: [platform.libc] }),
    files: ['prebuilds'],
    preferUnplugged: true,
  });
}

// A part that a package is named after is called the same by backends().
const backends = ['cuda', 'rocm', 'vulkan'];

/** A package has the GPU's part that its name says, and no other. */
function checkParts(platform, part) {
  const name = nameOf(platform, part);
  if (part && !platform.parts.includes(part)) throw new Error(`no package ${name} is made: scripts/platforms.js lists them`);
  const wanted = part ?? 'none';
  const known = require(addon)
    .attach({})
    .backends()
    .map((b) => b.name)
    .filter((n) => backends.includes(n));
  const found = known.join(' and ') || 'none';
  if (found !== wanted)
    throw new Error(`${name} is to have of GPUs: ${wanted}; build/Release/llama-ts.node has: ${found}. docs/build.md has the flags to build it with`);
}

module.exports = { addon, packAddon };

if (require.main === module) {
  const part = process.argv[2];
  checkParts(here(), part);
  report(packAddon(here(), part));
}
