// Writes native/tokenize/unicode_table.inc: the classes of code points that pre-tokenizers ask for, as the start of each run.
// Source: the \p{..} classes of the JavaScript engine that runs this (Unicode version in the file's first line).
//   node scripts/unicode-tables.mjs
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../native/tokenize/unicode_table.inc', import.meta.url));
// The order is enum Class of native/tokenize/unicode.h; the first that matches wins (a space is also a separator).
const classes = [/\p{White_Space}/u, /\p{L}/u, /\p{N}/u, /\p{M}/u, /\p{P}/u, /\p{S}/u];
const surrogate = (code) => code >= 0xd800 && code <= 0xdfff;

function classOf(code) {
  if (surrogate(code)) return classes.length;
  const index = classes.findIndex((c) => c.test(String.fromCodePoint(code)));
  return index < 0 ? classes.length : index;
}

const runs = [];
for (let code = 0, last = -1; code <= 0x10ffff; ++code) {
  const current = classOf(code);
  if (current !== last) runs.push(((code << 3) | current).toString(16));
  last = current;
}

const lines = [];
let line = '';
for (const run of runs) {
  const item = `0x${run},`;
  if (line.length + item.length + 1 > 138) {
    lines.push(line);
    line = '';
  }
  line += line ? ` ${item}` : item;
}
lines.push(line);
writeFileSync(
  file,
  `// Made by scripts/unicode-tables.mjs from Unicode ${process.versions.unicode}; do not edit.\n` +
    `// Each entry: first code point of a run << 3 | its class (enum Class). ${runs.length} runs.\n// clang-format off\n` +
    `${lines.join('\n')}\n// clang-format on\n`,
);
