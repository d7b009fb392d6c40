// Puts the addon that was built here where a package of all platforms carries it: prebuilds/PLATFORM-ARCH/. Published
// packages gather these folders from one machine of each kind; node-gyp-build picks the file that fits.
'use strict';
const { copyFileSync, existsSync, mkdirSync } = require('node:fs');
const { arch, platform } = require('node:os');
const { join } = require('node:path');
const root = join(__dirname, '..');

function libc() {
  if (platform() !== 'linux') return '';
  return existsSync('/etc/alpine-release') ? '.musl' : '.glibc';
}

const folder = join(root, 'prebuilds', `${platform()}-${arch()}`);
mkdirSync(folder, { recursive: true });
copyFileSync(join(root, 'build/Release/llama-ts.node'), join(folder, `llama-ts.napi${libc()}.node`));
