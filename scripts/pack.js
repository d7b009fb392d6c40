// Packs llama-ts as it is published, into prebuilds/: with the packages of scripts/platforms.js, of the same version, as
// dependencies. A clone does not name them: `npm ci` there would ask for versions that are not published yet.
'use strict';
const { cpSync } = require('node:fs');
const { join } = require('node:path');
const { cpuPackages, gpuPackages } = require('./platforms');
const { root, prebuilds, npm, stage, pack, report } = require('./stage');

function packMain(output = prebuilds) {
  const { scripts: _, devDependencies: __, ...manifest } = require('../package.json');
  const [{ files }] = Object.values(JSON.parse(npm(['pack', '--dry-run', '--json'], root)));
  const folder = stage(output, manifest.name);
  for (const { path } of files) cpSync(join(root, path), join(folder, path));
  const ofThisVersion = (names) => Object.fromEntries(names.map((name) => [name, manifest.version]));
  return pack(folder, {
    ...manifest,
    optionalDependencies: ofThisVersion(cpuPackages()),
    // Of the same version where they are installed; npm installs them for nobody.
    peerDependencies: ofThisVersion(gpuPackages()),
    peerDependenciesMeta: Object.fromEntries(gpuPackages().map((name) => [name, { optional: true }])),
  });
}

module.exports = { packMain };

if (require.main === module) report(packMain());
