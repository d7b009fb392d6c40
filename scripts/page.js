// Makes the web page of `llama-ts serve`: web/ becomes dist/web, a few files whose names change with what is in them, and the
// licences of what is bundled.
'use strict';
const { createHash } = require('node:crypto');
const { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } = require('node:fs');
const { basename, join } = require('node:path');
const { build } = require('esbuild');

const root = join(__dirname, '..');
const from = join(root, 'web');
const to = join(root, 'dist', 'web');

/** The folders of the packages that are in the bundle. */
function packagesIn({ inputs }) {
  const found = Object.keys(inputs).map((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  return [...new Set(found.filter((folder) => folder !== undefined))].sort();
}

function licenceOf(folder) {
  const at = join(root, folder);
  const { name, version, license } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'));
  const file = readdirSync(at).find((each) => /^licen[cs]e/i.test(each));
  if (file === undefined) throw new Error(`${name} has no file with its licence`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(at, file), 'utf8').trim()}\n`;
}

async function main() {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join(from, 'src', 'main.tsx'), join(from, 'style', 'page.css')],
    outdir: to,
    bundle: true,
    splitting: true,
    format: 'esm',
    minify: true,
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    tsconfig: join(from, 'tsconfig.json'),
    entryNames: '[name]-[hash]',
    chunkNames: '[name]-[hash]',
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  const made = Object.entries(metafile.outputs);
  const outputOf = (source) => basename(made.find(([, { entryPoint }]) => entryPoint === source)?.[0] ?? '');
  const icon = readFileSync(join(from, 'icon.svg'));
  const iconName = `icon-${createHash('sha256').update(icon).digest('hex').slice(0, 8).toUpperCase()}.svg`;
  writeFileSync(join(to, iconName), icon);
  const names = { icon: iconName, style: outputOf('web/style/page.css'), script: outputOf('web/src/main.tsx') };
  const page = readFileSync(join(from, 'index.html'), 'utf8').replace(/\{(\w+)\}/g, (_, name) => `page/${names[name]}`);
  writeFileSync(join(to, 'index.html'), page);
  writeFileSync(
    join(to, 'LICENSES.txt'),
    packagesIn(metafile)
      .map(licenceOf)
      .join(`\n${'-'.repeat(80)}\n\n`),
  );
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
