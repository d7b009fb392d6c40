// Formulas inside of Markdown: $a$, $$a$$, \(a\) and \[a\].
import type { TokenizerExtension } from 'marked';

const longest = 4000;

// What is between dollars touches them, and no digit follows, so that prices are none.
const inline = /^(?:\\\(([\s\S]+?)\\\)|\$\$([^$]+?)\$\$|\$(?![\s$])((?:\\[\s\S]|[^$\\\n])+?)(?<!\s)\$(?![\d$])|\\\[([\s\S]+?)\\\])/;
const block = /^ {0,3}(?:\$\$([^$]+?)\$\$|\\\[([\s\S]+?)\\\]) *(?:\n|$)/;

const startOf = (source: string): number | undefined => {
  const at = source.search(/\$|\\[([]/);
  return at < 0 ? undefined : at;
};

export const inlineFormula: TokenizerExtension = {
  name: 'inlineFormula',
  level: 'inline',
  start: startOf,
  tokenizer(source) {
    const found = inline.exec(source.slice(0, longest));
    if (!found) return undefined;
    const [raw, round, dollars, dollar, square] = found;
    const text = (round ?? dollars ?? dollar ?? square ?? '').trim();
    return { type: 'inlineFormula', raw, text, display: dollars !== undefined || square !== undefined };
  },
};

export const blockFormula: TokenizerExtension = {
  name: 'blockFormula',
  level: 'block',
  start: (source) => {
    const at = source.search(/(?:^|\n) {0,3}(?:\$\$|\\\[)/);
    return at < 0 ? undefined : at;
  },
  tokenizer(source) {
    const found = block.exec(source.slice(0, longest));
    return found ? { type: 'blockFormula', raw: found[0], text: (found[1] ?? found[2] ?? '').trim() } : undefined;
  },
};
