// Writes the tables of native/tokenize: categories and properties of code points that split patterns ask for (unicode_table.inc),
// what normalizers need: decompositions, compositions, the order of combining marks, lower case (normal_form_table.inc),
// and scripts (script_table.inc).
// Source: the JavaScript engine that runs this (Unicode version in the files' first line).
//   node scripts/unicode-tables.mjs
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const surrogate = (code) => code >= 0xd800 && code <= 0xdfff;
const letter = (code) => String.fromCodePoint(code);
const codes = (text) => [...text].map((c) => c.codePointAt(0));
const all = Array.from({ length: 0x110000 }, (_, code) => code).filter((code) => !surrogate(code));

function write(name, text, note = '') {
  const file = fileURLToPath(new URL(`../native/tokenize/${name}`, import.meta.url));
  const made = `// Made by scripts/unicode-tables.mjs from Unicode ${process.versions.unicode}; do not edit.\n`;
  writeFileSync(file, `${made}${note}// clang-format off\n${text}// clang-format on\n`);
}

function wrapped(items) {
  const lines = [];
  let line = '';
  for (const item of items) {
    if (line.length + item.length + 2 > 138) {
      lines.push(line);
      line = '';
    }
    line += `${line && ' '}${item},`;
  }
  return [...lines, line].map((l) => `${l}\n`).join('');
}

const hex = (code) => `0x${code.toString(16)}`;

// The start of each run of code points of which `classOf` says the same, with what it says.
function runs(classOf) {
  const found = [];
  for (let code = 0, last = -1; code <= 0x10ffff; ++code) {
    const current = classOf(code);
    if (current !== last) found.push([code, current]);
    last = current;
  }
  return found;
}

// The order is enum Category of native/tokenize/unicode.h. Surrogates are no characters, and count as unassigned.
const categories = 'Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co Cn'.split(' ');
const categoryTests = categories.map((name) => new RegExp(`\\p{${name}}`, 'u'));
const categoryOf = (code) => (surrogate(code) ? categories.length - 1 : categoryTests.findIndex((test) => test.test(letter(code))));
const categoryRuns = runs(categoryOf).map(([code, category]) => hex((code << 5) | category));

// Of a set of code points, where it begins and where it ends, in turn.
const bounds = (test) =>
  runs((code) => Number(!surrogate(code) && test.test(letter(code)))).flatMap(([code], i) => (i === 0 ? (test.test('\0') ? [code] : []) : [code]));

// Properties that split patterns name besides the categories. "word" is what Oniguruma takes for \w, "white_space" for \s.
const scripts =
  'Arabic Armenian Bengali Bopomofo Cyrillic Devanagari Ethiopic Georgian Greek Gujarati Gurmukhi Han Hangul Hebrew Hiragana Kannada Katakana Khmer Lao Latin Malayalam Mongolian Myanmar Oriya Sinhala Syriac Tamil Telugu Thaana Thai Tibetan';
// Code points in hexadecimal, single ones and ranges.
const listed = (text) =>
  text
    .trim()
    .split(/\s+/)
    .flatMap((range) => {
      const [first, last = first] = range.split('-').map((end) => parseInt(end, 16));
      return Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
// A property less some code points and with others, as what tests a letter.
const but = (test, less, more = '') => {
  const [gone, come] = [new Set(listed(less)), new Set(more ? listed(more) : [])];
  return { test: (c) => come.has(c.codePointAt(0)) || (test.test(c) && !gone.has(c.codePointAt(0))) };
};

const properties = [
  ['white_space', /\p{White_Space}/u],
  ['word', /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}²³¹¼½¾]/u],
  ['alphabetic', /\p{Alphabetic}/u],
  ['uppercase', /\p{Uppercase}/u],
  ['lowercase', /\p{Lowercase}/u],
  ['graphemeextend', /\p{Grapheme_Extend}/u],
  ['extendedpictographic', /\p{Extended_Pictographic}/u],
  // As the library "tokenizers" has them, whose tables are of Unicode 8 and 16 (found by asking it for every code point).
  [
    'tokenizerspunctuation',
    but(
      /[\p{P}!-/:-@[-`{-~]/u,
      `
    61d 9fd a76 c77 c84 1b4e-1b4f 1b7d-1b7f 2e43-2e4f 2e52-2e5d 10d6e 10ead 10ed0 10f55-10f59 10f86-10f89 113d4-113d5 113d7-113d8
    1144b-1144f 1145a-1145b 1145d 11660-1166c 116b9 1183b 11944-11946 119e2 11a3f-11a46 11a9a-11a9c 11a9e-11aa2 11b00-11b09 11be1
    11c41-11c45 11c70-11c71 11ef7-11ef8 11f43-11f4f 11fff 12ff1-12ff2 16d6d-16d6f 16e97-16e9a 16fe2 1e5ff 1e95e-1e95f
      `,
      '166d 111c9',
    ),
  ],
  [
    'tokenizersmarks',
    but(
      /\p{Mn}/u,
      `
    7fd 897-89f 8ca-8e1 9fe afa-aff b55 c04 c3c d00 d3b-d3c d81 eba ece 180f 1885-1886 1abf-1add 1ae0-1aeb 1df6-1dfb a82c a8c5 a8ff a9bd
    10d24-10d27 10d69-10d6d 10eab-10eac 10efa-10eff 10f46-10f50 10f82-10f85 11070 11073-11074 110c2 111c9 111cf 1123e 11241 1133b
    113bb-113c0 113ce 113d0 113d2 113e1-113e2 11438-1143f 11442-11444 11446 1145e 1182f-11837 11839-1183a 1193b-1193c 1193e 11943
    119d4-119d7 119da-119db 119e0 11a01-11a0a 11a33-11a38 11a3b-11a3e 11a47 11a51-11a56 11a59-11a5b 11a8a-11a96 11a98-11a99 11b60
    11b62-11b64 11b66 11c30-11c36 11c38-11c3d 11c3f 11c92-11ca7 11caa-11cb0 11cb2-11cb3 11cb5-11cb6 11d31-11d36 11d3a 11d3c-11d3d
    11d3f-11d45 11d47 11d90-11d91 11d95 11d97 11ef3-11ef4 11f00-11f01 11f36-11f3a 11f40 11f42 11f5a 13440 13447-13455 1611e-16129
    1612d-1612f 16f4f 16fe4 1cf00-1cf2d 1cf30-1cf46 1e000-1e006 1e008-1e018 1e01b-1e021 1e023-1e024 1e026-1e02a 1e08f 1e130-1e136 1e2ae
    1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5 1e944-1e94a
      `,
      '1734 1171e',
    ),
  ],
  ['tokenizerscontrols', but(/[\0\p{Cc}\p{Cf}\p{Co}\ufffd]/u, '9-a d 890-891 8e2 110cd 13430-1343f')],
  [
    'tokenizersword',
    but(
      /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u,
      `
    88f c5c cdc 1acf-1add 1ae0-1aeb a7ce-a7cf a7d2 a7d4 a7f1 10940-10959 10ec5-10ec7 10efa-10efb 11b60-11b67 11db0-11ddb 11de0-11de9
    16ea0-16eb8 16ebb-16ed3 16ff2-16ff6 187f8-187ff 18d09-18d1e 18d80-18df2 1e6c0-1e6de 1e6e0-1e6f5 1e6fe-1e6ff 2b73a-2b73f 2cea2-2cead
    323b0-33479
      `,
    ),
  ],
  ...scripts.split(' ').map((name) => [name.toLowerCase(), new RegExp(`\\p{Script=${name}}`, 'u')]),
];

// Letters that are written alike but for their case, by simple case folding: the code points of each such set, ended by 0.
const folds = new Map();
for (const code of all) {
  const lower = codes(letter(code).toLowerCase());
  const upper = codes(letter(code).toUpperCase());
  // Of what has no single capital, or is none itself, the small letter of the capital stands for all.
  const key = upper.length === 1 ? (codes(letter(upper[0]).toLowerCase())[0] ?? code) : lower.length === 1 ? lower[0] : code;
  folds.set(key, [...(folds.get(key) ?? []), code]);
}
const alike = [...folds.values()].filter(
  (set) => set.length > 1 && set.some((a) => set.some((b) => a !== b && new RegExp(`^${letter(a)}$`, 'iu').test(letter(b)))),
);

write(
  'unicode_table.inc',
  [
    `// First code point of a run << 5 | its general category. ${categoryRuns.length} runs.\nconstexpr uint32_t kCategories[] = {\n${wrapped(categoryRuns)}};\n`,
    `// Where a property begins and where it ends, in turn, one property after the other.\nconstexpr char32_t kBounds[] = {\n${wrapped(properties.flatMap(([, test]) => bounds(test)).map(hex))}};\n`,
    '// {name, how many of kBounds are its}\nconstexpr NamedBounds kProperties[] = {\n',
    wrapped(properties.map(([name, test]) => `{"${name}", ${bounds(test).length}}`)),
    '};\n',
    `// Sets of letters that differ by case alone, each ended by 0.\nconstexpr char32_t kAlike[] = {\n${wrapped(alike.flatMap((set) => [...set, 0]).map(hex))}};\n`,
  ].join(''),
);

// Normal forms are those of the library "tokenizers", whose answers models were trained on. Its tables are those of Unicode 9: what
// came later, or got a property later, is left alone by it and here (found by asking it for every code point).
const later = new Set(
  listed(`
  7fd 897-89f 8ca-8d3 9fe afa-aff b55 c04 c3c cf3 d00 d3b-d3c d81 eba ece 1715 180f 1abf-1add 1ae0-1aeb 1cf2-1cf3 1cf7 1df6-1dfa
  32ff a7f1-a7f4 a82c a8ff ab69 105c9 105e4 10781-10785 10787-107b0 107b2-107ba 10d24-10d27 10d69-10d6d 10eab-10eac 10efa-10eff
  10f46-10f50 10f82-10f85 11070 11073-11074 110c2 11145-11146 111c9 111ce-111cf 11241 1133b 11383 11385 1138e 11391 113b8-113c0
  113c2 113c5 113c7-113ca 113cc-113d0 113d2 113e1-113e2 1145e 1182c-1183a 11930-11935 11937-11938 1193b-1193e 11940 11942-11943
  119d1-119d7 119da-119e0 119e4 11a01-11a0a 11a33-11a39 11a3b-11a3e 11a47 11a51-11a5b 11a8a-11a99 11b60-11b67 11d31-11d36 11d3a
  11d3c-11d3d 11d3f-11d45 11d47 11d8a-11d8e 11d90-11d91 11d93-11d97 11ef3-11ef6 11f00-11f01 11f03 11f34-11f3a 11f3e-11f42 11f5a
  13440 13447-13455 1611e-1612f 16d68-16d6a 16f4f 16f7f-16f87 16fe4 16ff0-16ff1 1ccd6-1ccf9 1cf00-1cf2d 1cf30-1cf46 1e030-1e06d
  1e08f 1e130-1e136 1e2ae 1e2ec-1e2ef 1e4ec-1e4ef 1e5ee-1e5ef 1e6e3 1e6e6 1e6ee-1e6ef 1e6f5 1f16c 1fbf0-1fbf9
  `),
);
const known = all.filter((code) => !later.has(code));
const marksOnceMarks = new Set([0x1cf2, 0x1cf3]); // letters since Unicode 10

// Sequences of code points, each kept once, as [begin, length] in `pool`.
const pool = [];
const places = new Map();
function placed(sequence) {
  const key = sequence.join();
  if (!places.has(key)) {
    places.set(key, [pool.length, sequence.length]);
    pool.push(...sequence);
  }
  return places.get(key);
}

const hangul = (code) => code >= 0xac00 && code <= 0xd7a3;
const mappings = (list, map, unlike) =>
  list
    .filter((code) => !hangul(code) && map(letter(code)) !== unlike(letter(code)))
    .map((code) => `{${[code, ...placed(codes(map(letter(code))))].map(hex).join(',')}}`);
const canonical = mappings(
  known,
  (c) => c.normalize('NFD'),
  (c) => c,
);
const compatible = mappings(
  known,
  (c) => c.normalize('NFKD'),
  (c) => c.normalize('NFD'),
);
const lower = mappings(
  all,
  (c) => c.toLowerCase(),
  (c) => c,
);

// Pairs that compose to one code point: of a decomposition that composes again, all but the last, composed, and the last.
const pairs = known.flatMap((code) => {
  const parts = [...letter(code).normalize('NFD')];
  if (hangul(code) || parts.length < 2 || letter(code).normalize('NFC') !== letter(code)) return [];
  const [first, second] = [codes(parts.slice(0, -1).join('').normalize('NFC')), codes(parts.at(-1))];
  if (first.length !== 1 || letter(first[0]).concat(parts.at(-1)).normalize('NFC') !== letter(code)) throw new Error(`${hex(code)}: composed of what?`);
  return [[first[0], second[0], code]];
});
pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1]);

// The combining class of a mark is known by its order: of two marks behind a letter the lower class comes first. U+0334 has the
// lowest class, U+0345 the highest. The classes are numbered from 1 on; 0 has no order.
const swaps = (a, b) => a !== b && `x${letter(a)}${letter(b)}`.normalize('NFD') === `x${letter(b)}${letter(a)}`;
const single = (code) => letter(code).normalize('NFD') === letter(code);
const ordered = known.filter((code) => /\p{M}/u.test(letter(code)) && single(code) && (swaps(code, 0x334) || swaps(0x345, code)));
const representatives = [];
for (const code of ordered) if (!representatives.some((r) => !swaps(r, code) && !swaps(code, r))) representatives.push(code);
representatives.sort((a, b) => (swaps(b, a) ? -1 : 1));
const orderOf = new Map(ordered.map((code) => [code, 1 + representatives.findIndex((r) => !swaps(r, code) && !swaps(code, r))]));

const orders = runs((code) => orderOf.get(code) ?? 0).map(([code, order]) => hex((code << 8) | order));
const isMark = (code) => !surrogate(code) && !later.has(code) && /\p{M}/u.test(letter(code));
const marks = runs((code) => Number(isMark(code) || marksOnceMarks.has(code))).map(([code, is]) => hex((code << 1) | is));
const words = runs((code) => Number(!surrogate(code) && /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u.test(letter(code)))).map(([code, is]) =>
  hex((code << 1) | is),
);

write(
  'normal_form_table.inc',
  [
    `// Mappings: {code point, begin in kPool, length}. Canonical decompositions, whole; Hangul is computed.\nconstexpr Mapping kCanonical[] = {\n${wrapped(canonical)}};\n`,
    `// Compatibility decompositions, whole, of what has another canonical one or none.\nconstexpr Mapping kCompatible[] = {\n${wrapped(compatible)}};\n`,
    `constexpr Mapping kLower[] = {\n${wrapped(lower)}};\n`,
    `constexpr char32_t kPool[] = {\n${wrapped(pool.map(hex))}};\n`,
    `// {first, second, what they compose to}\nconstexpr Pair kPairs[] = {\n${wrapped(pairs.map((p) => `{${p.map(hex).join(',')}}`))}};\n`,
    `// First code point of a run << 8 | the place of its combining class among those that there are, 0 for none.\nconstexpr uint32_t kOrders[] = {\n${wrapped(orders)}};\n`,
    `// First code point of a run << 1 | whether it is: a combining mark, a letter of a word (what regular expressions call \\w).\nconstexpr uint32_t kMarks[] = {\n${wrapped(marks)}};\nconstexpr uint32_t kWords[] = {\n${wrapped(words)}};\n`,
  ].join(''),
);

// Scripts are those of the library "tokenizers" too, whose table is of Unicode 9: the characters of its scripts that came later have none
// (found by asking it for every code point), nor has a space. Kana are of the script of Han.
const laterInScripts = new Set(
  listed(`
  560 588 5ef 61d 7fd-7ff 860-86a 870-891 897-89f 8b5 8be-8d3 9fc-9fe a76 afa-aff b55 c04 c3c c5c-c5d c77 c84 cdc-cdd cf3 d00 d04
  d3b-d3c d81 e86 e89 e8c e8e-e93 e98 ea0 ea8-ea9 eac eba ece 170d 1715 171f 180f 1878 1abf-1add 1ae0-1aeb 1b4c 1b4e-1b4f 1b7d-1b7f
  1c89-1c8a 1c90-1cba 1cbd-1cbf 1cf7 1cfa 1df6-1dfa 20bf-20c1 23ff 2427-2429 2b96-2b97 2bba-2bbc 2bc9 2bd2-2beb 2bf0-2bff 2c2f 2c5f
  2e45-2e5d 2ffc-2fff 312e-312f 31bb-31bf 31e4-31e5 31ef 32ff 4db6-4dbf 9fd6-9fff a7af a7b8-a7dc a7f1-a7f6 a82c a8fe-a8ff ab66-ab6b
  fbc2-fbd2 fd40-fd4f fd90-fd91 fdc8-fdcf fdfe-fdff 1019c 1032d-1032f 10780-10785 10787-107b0 107b2-107ba 10a34-10a35 10a48 10ec2-10ec7
  10ed0-10ed8 10efa-10eff 11070-11075 110c2 110cd 11144-11147 111ce-111cf 1123f-11241 1133b 1145a 1145e-11461 116b8-116b9 116d0-116e3
  1171a 11740-11746 11ab0-11abf 11b00-11b09 11b60-11b67 11fb0 11fc0-11ff1 11fff 1342f-13455 13460-143fa 16f45-16f4a 16f4f 16f7f-16f87
  16fe2-16fe3 16ff0-16ff6 187ed-187ff 18af3-18aff 18d00-18d1e 18d80-18df2 1aff0-1aff3 1aff5-1affb 1affd-1affe 1b002-1b122 1b132
  1b150-1b152 1b155 1b164-1b167 1cc00-1ccfc 1cd00-1ceb3 1ceba-1ced0 1cee0-1cef0 1cf00-1cf2d 1cf30-1cf46 1cf50-1cfc3 1d1e9-1d1ea
  1d2c0-1d2d3 1d2e0-1d2f3 1d372-1d378 1df00-1df1e 1df25-1df2a 1e030-1e06d 1e08f 1e7e0-1e7e6 1e7e8-1e7eb 1e7ed-1e7ee 1e7f0-1e7fe 1e94b
  1ec71-1ecb4 1ed01-1ed3d 1f10d-1f10f 1f12f 1f16c-1f16f 1f1ad 1f260-1f265 1f6d3-1f6d8 1f6dc-1f6df 1f6f7-1f6fc 1f774-1f77f 1f7d5-1f7d9
  1f7e0-1f7eb 1f7f0 1f8b0-1f8bb 1f8c0-1f8c1 1f8d0-1f8d8 1f900-1f90f 1f91f 1f928-1f92f 1f931-1f932 1f93f 1f94c-1f94f 1f95f-1f97f
  1f992-1f9bf 1f9c1-1fa57 1fa60-1fa6d 1fa70-1fa7c 1fa80-1fa8a 1fa8e-1fac6 1fac8 1facd-1fadc 1fadf-1faea 1faef-1faf8 1fb00-1fb92
  1fb94-1fbfa 2a6d7-2a6df 2b735-2b73f 2cea2-2cead 2ceb0-2ebe0 2ebf0-2ee5d 30000-3134a 31350-33479
  `),
);
const scriptsOfNine =
  'Common Latin Bopomofo Inherited Greek Coptic Cyrillic Armenian Hebrew Arabic Syriac Thaana Nko Samaritan Mandaic Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Thai Lao Tibetan Myanmar Georgian Hangul Ethiopic Cherokee Canadian_Aboriginal Ogham Runic Tagalog Hanunoo Buhid Tagbanwa Khmer Mongolian Limbu Tai_Le New_Tai_Lue Buginese Tai_Tham Balinese Sundanese Batak Lepcha Ol_Chiki Braille Glagolitic Tifinagh Han Yi Lisu Vai Bamum Syloti_Nagri Phags_Pa Saurashtra Kayah_Li Rejang Javanese Cham Tai_Viet Meetei_Mayek Linear_B Lycian Carian Old_Italic Gothic Old_Permic Ugaritic Old_Persian Deseret Shavian Osmanya Osage Elbasan Caucasian_Albanian Linear_A Cypriot Imperial_Aramaic Palmyrene Nabataean Hatran Phoenician Lydian Meroitic_Hieroglyphs Meroitic_Cursive Kharoshthi Old_South_Arabian Old_North_Arabian Manichaean Avestan Inscriptional_Parthian Inscriptional_Pahlavi Psalter_Pahlavi Old_Turkic Old_Hungarian Brahmi Kaithi Sora_Sompeng Chakma Mahajani Sharada Khojki Multani Khudawadi Grantha Newa Tirhuta Siddham Modi Takri Ahom Warang_Citi Pau_Cin_Hau Bhaiksuki Marchen Cuneiform Egyptian_Hieroglyphs Anatolian_Hieroglyphs Mro Bassa_Vah Pahawh_Hmong Miao Tangut Duployan SignWriting Mende_Kikakui Adlam';
const scriptTests = scriptsOfNine
  .split(' ')
  .map((name) => (name === 'Han' ? /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u : new RegExp(`\\p{Script=${name}}`, 'u')));
const otherScripts = new Map([
  [0x589, 'Common'],
  [0x61c, 'Common'],
  [0x953, 'Devanagari'],
  [0x954, 'Devanagari'],
  [0x30fc, 'Han'],
]);
const scriptOf = (code) => {
  if (surrogate(code) || laterInScripts.has(code)) return 0;
  if (otherScripts.has(code)) return 1 + scriptsOfNine.split(' ').indexOf(otherScripts.get(code));
  return 1 + scriptTests.findIndex((test) => test.test(letter(code)));
};
const scriptRuns = runs(scriptOf).map(([code, script]) => hex((code << 8) | script));
write(
  'script_table.inc',
  `// First code point of a run << 8 | the number of its script, 0 for none.\nconstexpr uint32_t kScripts[] = {\n${wrapped(scriptRuns)}};\n`,
);
