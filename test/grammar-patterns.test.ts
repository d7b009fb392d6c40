import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// The rows of the native check, whose strings are written alike in C++ and JSON.
const source = readFileSync(join(__dirname, '..', 'native', 'check', 'grammar_patterns.cpp'), 'utf8');
const rows = [...source.matchAll(/^ {4}\{(".*", ".*", (?:true|false))\},$/gm)].map(([, row]) => JSON.parse(`[${row}]`) as [string, string, boolean]);

test("the native checks' regular expressions match what Node's do", () => {
  expect(rows.length).toBeGreaterThan(50);
  for (const [pattern, text, matches] of rows) expect([pattern, text, new RegExp(`^(?:${pattern})$`, 'u').test(text)]).toEqual([pattern, text, matches]);
});
