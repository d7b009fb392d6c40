// Colours for code, by what most languages have in common: comments, strings, numbers and words of the language.

export interface Piece {
  readonly kind: '' | 'comment' | 'string' | 'number' | 'word';
  readonly text: string;
}

const words = new Set(
  (
    'abstract and as assert async await begin bool boolean break case catch char class const constexpr continue def default defer del delete do double elif else ' +
    'end enum export extends extern false finally float fn for from func function go goto if impl implements import in include instanceof int interface is lambda ' +
    'let long loop match mod module mut namespace new nil none null operator or override package pass private protected pub public raise readonly ref return self ' +
    'short signed sizeof static str string struct super switch template then this throw trait true try type typedef typename typeof undefined union unsafe unsigned ' +
    'use using val var virtual void volatile when where while with yield select insert update create table join on group order by limit values not'
  ).split(' '),
);

const hashComments = /^(py|python|rb|ruby|sh|bash|shell|zsh|yaml|yml|toml|r|perl|pl|make|makefile|dockerfile|nix|elixir|ex|julia|jl|ini|conf)$/i;
const dashComments = /^(sql|lua|haskell|hs|ada|elm)$/i;
const none = /^(|text|txt|plain|plaintext|markdown|md|output|console|log)$/i;

const strings = /"(?:\\.|[^"\\\n]){0,2000}"|'(?:\\.|[^'\\\n]){0,2000}'|`(?:\\.|[^`\\]){0,4000}`/;
const numbers = /\b(?:0[xX][\da-fA-F_]+|0[bB][01_]+|\d[\d_]*(?:\.\d+)?(?:[eE][+-]?\d+)?)\b/;
const names = /[A-Za-z_$][\w$]*/;

function patternOf(language: string): RegExp {
  const line = hashComments.test(language) ? '#[^\\n]*' : dashComments.test(language) ? '--[^\\n]*' : '\\/\\/[^\\n]*';
  const comment = hashComments.test(language) ? line : `${line}|\\/\\*[\\s\\S]*?(?:\\*\\/|$)`;
  return new RegExp(`(${comment})|(${strings.source})|(${numbers.source})|(${names.source})`, 'g');
}

const longest = 50_000;

/** The pieces of a text, which are all of it. */
export function piecesOf(text: string, language: string): readonly Piece[] {
  if (text.length > longest || none.test(language)) return [{ kind: '', text }];
  const pieces: Piece[] = [];
  let [from, plain] = [0, ''];
  const flush = (): void => {
    if (plain !== '') pieces.push({ kind: '', text: plain });
    plain = '';
  };
  for (const found of text.matchAll(patternOf(language))) {
    const [whole, comment, string, number] = found;
    plain += text.slice(from, found.index);
    from = found.index + whole.length;
    const kind = comment !== undefined ? 'comment' : string !== undefined ? 'string' : number !== undefined ? 'number' : words.has(whole) ? 'word' : '';
    if (kind === '') plain += whole;
    else {
      flush();
      pieces.push({ kind, text: whole });
    }
  }
  plain += text.slice(from);
  flush();
  return pieces;
}
