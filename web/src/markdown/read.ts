// Markdown as a tree of the few things that the page shows. Whatever is markup in it stays text: there is no node for HTML.
import { Lexer, Marked, type Token, type Tokens } from 'marked';

import { decoded } from './entities';
import { blockFormula, inlineFormula } from './formula';

export type Inline =
  | { readonly type: 'text' | 'code'; readonly text: string }
  | { readonly type: 'strong' | 'emphasis' | 'deleted'; readonly inner: readonly Inline[] }
  | { readonly type: 'link'; readonly address: string; readonly inner: readonly Inline[] }
  | { readonly type: 'formula'; readonly text: string; readonly display: boolean }
  | { readonly type: 'break' };

export type Block =
  | { readonly type: 'paragraph' | 'tight'; readonly inner: readonly Inline[] }
  /** Its depth is how large it is, its level where it stands among the headings of the page, of which none may be left out. */
  | { readonly type: 'heading'; readonly depth: number; readonly level: number; readonly inner: readonly Inline[] }
  | { readonly type: 'code'; readonly language: string; readonly text: string }
  | { readonly type: 'quote'; readonly inner: readonly Block[] }
  | { readonly type: 'list'; readonly start: number | undefined; readonly items: readonly Item[] }
  | { readonly type: 'table'; readonly align: readonly Align[]; readonly head: readonly Cell[]; readonly rows: readonly (readonly Cell[])[] }
  | { readonly type: 'formula'; readonly text: string }
  | { readonly type: 'rule' }
  | { readonly type: 'plain'; readonly text: string };

export interface Item {
  /** Of a task; undefined: it is none. */
  readonly done: boolean | undefined;
  readonly inner: readonly Block[];
}

export type Align = 'left' | 'center' | 'right' | undefined;
export type Cell = readonly Inline[];

const { defaults } = new Marked({ gfm: true }, { extensions: [blockFormula, inlineFormula] });

const deepest = 40;
const longest = 400_000; // letters; what is longer is shown as it is

/** An address that a link may have; undefined: it is shown as text. */
export function safeAddress(address: string): string | undefined {
  const plain = decoded(address).trim();
  if (!/^(https?:\/\/|mailto:)/i.test(plain)) return undefined;
  try {
    const { protocol, href } = new URL(plain);
    return protocol === 'http:' || protocol === 'https:' || protocol === 'mailto:' ? href : undefined;
  } catch {
    return undefined;
  }
}

const inlinesOf = (tokens: readonly Token[] | undefined, depth: number): Inline[] => (tokens ?? []).flatMap((token) => inlineOf(token, depth + 1));

function linkOf(token: Tokens.Link, depth: number): Inline[] {
  const address = safeAddress(token.href);
  const inner = inlinesOf(token.tokens, depth);
  return address === undefined ? [{ type: 'text', text: token.raw }] : [{ type: 'link', address, inner }];
}

/** Images are never loaded: an address tells whoever has it that it was read. */
function imageOf({ href, text, raw }: Tokens.Image): Inline[] {
  const address = safeAddress(href);
  return address === undefined ? [{ type: 'text', text: raw }] : [{ type: 'link', address, inner: [{ type: 'text', text: text || address }] }];
}

function inlineOf(token: Token, depth: number): Inline[] {
  if (depth > deepest) return [{ type: 'text', text: token.raw }];
  switch (token.type) {
    case 'strong':
      return [{ type: 'strong', inner: inlinesOf(token.tokens, depth) }];
    case 'em':
      return [{ type: 'emphasis', inner: inlinesOf(token.tokens, depth) }];
    case 'del':
      return [{ type: 'deleted', inner: inlinesOf(token.tokens, depth) }];
    case 'codespan':
      return [{ type: 'code', text: (token as Tokens.Codespan).text }];
    case 'br':
      return [{ type: 'break' }];
    case 'link':
      return linkOf(token as Tokens.Link, depth);
    case 'image':
      return imageOf(token as Tokens.Image);
    case 'escape':
      return [{ type: 'text', text: (token as Tokens.Escape).text }];
    case 'inlineFormula':
      return [{ type: 'formula', text: String(token.text), display: token.display === true }];
    case 'html':
      return [/^<br\s*\/?>\s*$/i.test(token.raw) ? { type: 'break' } : { type: 'text', text: token.raw }];
    case 'text':
      return token.tokens ? inlinesOf(token.tokens, depth) : [{ type: 'text', text: decoded((token as Tokens.Text).text) }];
    default:
      return [{ type: 'text', text: token.raw }];
  }
}

function itemOf(item: Tokens.ListItem, depth: number): Item {
  const inner = item.tokens.filter(({ type }) => type !== 'checkbox').flatMap((token) => blockOf(token, depth + 1));
  return { done: item.task ? item.checked === true : undefined, inner };
}

function tableOf({ align, header, rows }: Tokens.Table, depth: number): Block {
  const cell = ({ tokens }: Tokens.TableCell): Cell => inlinesOf(tokens, depth);
  return { type: 'table', align: align.map((each) => each ?? undefined), head: header.map(cell), rows: rows.map((row) => row.map(cell)) };
}

function headingOf(token: Tokens.Heading, depth: number): Block {
  const inner = inlinesOf(token.tokens, depth);
  if (depth > 0) return { type: 'paragraph', inner: [{ type: 'strong', inner }] }; // of a quote: none of the page's own
  return { type: 'heading', depth: token.depth, level: token.depth + 1, inner };
}

function blockOf(token: Token, depth: number): Block[] {
  if (depth > deepest) return [{ type: 'plain', text: token.raw }];
  switch (token.type) {
    case 'space':
    case 'def':
      return [];
    case 'paragraph':
      return [{ type: 'paragraph', inner: inlinesOf(token.tokens, depth) }];
    case 'text':
      return [{ type: 'tight', inner: token.tokens ? inlinesOf(token.tokens, depth) : [{ type: 'text', text: decoded(token.raw) }] }];
    case 'heading':
      return [headingOf(token as Tokens.Heading, depth)];
    case 'code':
      return [{ type: 'code', language: /^[\w+#.-]{1,30}/.exec((token as Tokens.Code).lang ?? '')?.[0] ?? '', text: (token as Tokens.Code).text }];
    case 'blockquote':
      return [{ type: 'quote', inner: (token.tokens ?? []).flatMap((each) => blockOf(each, depth + 1)) }];
    case 'list': {
      const { ordered, start, items } = token as Tokens.List;
      return [{ type: 'list', start: ordered ? Number(start) || 0 : undefined, items: items.map((item) => itemOf(item, depth)) }];
    }
    case 'table':
      return [tableOf(token as Tokens.Table, depth)];
    case 'blockFormula':
      return [{ type: 'formula', text: String(token.text) }];
    case 'hr':
      return [{ type: 'rule' }];
    default:
      return [{ type: 'plain', text: token.raw.replace(/\n+$/, '') }];
  }
}

/** A block, and the text that it is of: where that stays, so does the block. */
export interface Part {
  readonly raw: string;
  readonly block: Block;
}

const mostMarks = 600; // of emphasis in a paragraph: looking for their ends takes the square of their number

const marksIn = (text: string): number => text.match(/[*_]/g)?.length ?? 0;

/** The tokens of a text. A paragraph of nothing but marks is left as it is written: it would hold the page up for minutes. */
function tokensOf(text: string): readonly Token[] {
  const lexer = new Lexer(defaults);
  lexer.blockTokens(text.replace(/\r\n?/g, '\n'), lexer.tokens);
  for (const { src, tokens } of lexer.inlineQueue) {
    if (marksIn(src) <= mostMarks) lexer.inlineTokens(src, tokens);
    else tokens.push({ type: 'text', raw: src, text: src, escaped: false });
  }
  return lexer.tokens;
}

/** Reads a text; what cannot be read is shown as it is. */
export function read(text: string): readonly Part[] {
  if (text.length > longest) return [{ raw: text, block: { type: 'plain', text } }];
  try {
    let level = 1; // the page's own heading
    const levelled = (block: Block): Block => (block.type === 'heading' ? { ...block, level: (level = Math.min(block.level, level + 1, 6)) } : block);
    return tokensOf(text).flatMap((token) => blockOf(token, 0).map((block) => ({ raw: token.raw, block: levelled(block) })));
  } catch {
    return [{ raw: text, block: { type: 'plain', text } }]; // nested too deep for the stack
  }
}
