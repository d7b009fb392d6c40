// What a grammar allows over a vocabulary, asked without a model: llama-ts grammar check.
import { native } from './binding';
import * as check from './check';
import { LlamaError, Origin } from './errors';
import { compile, type GrammarSource } from './grammar';
import { runJob } from './job';
import type { GrammarHandle, GrammarKind, NativeAnswers } from './native';
import type { Tokenizer } from './tokenizer';

/** The tokens of a text, as ids or as the tokenizer cuts it. */
export interface GrammarWalk {
  readonly ids?: readonly number[];
  readonly text?: string;
  /** A seed: at every third token, one to three other allowed tokens are taken first and taken back. */
  readonly detours?: number;
}

/** A grammar, and what is to be known of it. */
export interface GrammarCase {
  readonly kind: 'schema' | 'regex' | 'gbnf' | 'lark' | 'choice';
  /** Of a schema, JSON as it is written. */
  readonly text?: string;
  /** Of the others; of choices a list. */
  readonly grammar?: string | readonly string[];
  readonly options?: { readonly draft?: string };
  readonly walks?: readonly GrammarWalk[];
  /** Prefixes behind which the whole mask is wanted. */
  readonly masks?: readonly (readonly number[])[];
  /** Texts drawn at random from what is allowed; `boost`: tokens with another weight than 1. */
  readonly samples?: { readonly seeds: readonly number[]; readonly maxTokens: number; readonly boost?: readonly (readonly [id: number, weight: number])[] };
}

/** How a walk went. Tokens are counted from 0. */
export interface GrammarWalked {
  readonly tokens: number;
  /** The first token that was not allowed. */
  readonly refusedAt: number | null;
  /** Whether the text may end behind its last token. */
  readonly end: boolean;
  /** Behind how many tokens it may end. */
  readonly ends: readonly number[];
  /** Where no token was allowed at all. */
  readonly dead: number | null;
  /** How long each mask took, in microseconds. */
  readonly maskUs: readonly number[];
}

/** What a grammar that compiles gives, or why it does not compile. */
export type GrammarVerdict =
  | {
      readonly ok: true;
      readonly compileUs: number;
      readonly walks: readonly GrammarWalked[];
      /** A bit a token: token i at bit `i & 7` of byte `i >> 3`. */
      readonly masks: readonly Uint8Array[];
      readonly samples: readonly { readonly ids: readonly number[]; readonly complete: boolean; readonly stuck: boolean }[];
    }
  | { readonly ok: false; readonly code: string; readonly keyword?: string; readonly at?: string; readonly message: string; readonly compileUs: number };

const kinds: Readonly<Record<GrammarCase['kind'], GrammarKind>> = { schema: 'schema', regex: 'regex', gbnf: 'grammar', lark: 'lark', choice: 'choices' };

const walk: check.Check<GrammarWalk> = (value, name) => {
  const found = check.record<GrammarWalk>(value, name, {
    ids: check.ids as check.Check<never>,
    text: check.string,
    detours: check.integer(0, Number.MAX_SAFE_INTEGER),
  });
  return found.ids || found.text !== undefined ? found : check.refuse(name, 'an object with ids or text', value);
};

const pair: check.Check<readonly [number, number]> = (value, name) =>
  Array.isArray(value) && value.length === 2
    ? [check.integer(0, 0x7fffffff)(value[0], `${name}[0]`), check.number(0, Number.MAX_VALUE)(value[1], `${name}[1]`)]
    : check.refuse(name, 'a pair [id, weight]', value);

const checks: check.Checks<GrammarCase> = {
  kind: check.oneOf(['schema', 'regex', 'gbnf', 'lark', 'choice']),
  text: check.string,
  grammar: (value, name) => (Array.isArray(value) ? check.listOf(check.string)(value, name) : check.string(value, name)),
  options: (value, name) => check.record<{ draft?: string }>(value, name, { draft: check.oneOf(['2020-12', 'draft7']) }),
  walks: check.listOf(walk),
  masks: check.listOf(check.ids as unknown as check.Check<readonly number[]>),
  samples: (value, name) => {
    const {
      seeds = [],
      maxTokens = 300,
      boost = [],
    } = check.record<NonNullable<GrammarCase['samples']>>(value, name, {
      seeds: check.listOf(check.integer(0, Number.MAX_SAFE_INTEGER)),
      maxTokens: check.integer(1, 1_000_000),
      boost: check.listOf(pair),
    });
    return { seeds, maxTokens, boost };
  },
};

function sourceOf({ kind, text, grammar, options }: GrammarCase): GrammarSource {
  const source =
    kind === 'schema' ? check.string(text, 'text') : kind === 'choice' ? check.listOf(check.string)(grammar, 'grammar') : check.string(grammar, 'grammar');
  return { kind: kinds[kind], source, draft7: options?.draft === 'draft7' };
}

/**
 * What a grammar allows over the tokens of a vocabulary: no model is asked. Whether a text is valid, which tokens may come next, texts at random.
 * A grammar that does not compile, or grows too large, is a verdict, not an error.
 */
export async function checkGrammar(tokenizer: Tokenizer, given: GrammarCase): Promise<GrammarVerdict> {
  const origin = new Origin(checkGrammar);
  let compileUs = 0;
  try {
    const asked = check.options<GrammarCase>(given, 'checkGrammar', checks);
    const begin = performance.now();
    try {
      const compiled = await compile(origin, sourceOf(asked), tokenizer.handle());
      compileUs = compiled.compileUs;
      const questions = {
        walks: (asked.walks ?? []).map((w) => ({ ...w, ids: w.ids && Uint32Array.from(w.ids) })),
        prefixes: (asked.masks ?? []).map((ids) => Uint32Array.from(ids)),
        seeds: asked.samples?.seeds ?? [],
        maxTokens: asked.samples?.maxTokens ?? 0,
        weights: asked.samples?.boost ?? [],
      };
      const found = await runJob<NativeAnswers>(origin, (ticket) =>
        native.checkGrammar(ticket, tokenizer.handle(), compiled.handle as GrammarHandle, questions),
      );
      return { ok: true, compileUs, ...found, samples: found.samples.map((s) => ({ ...s, ids: [...s.ids] })) };
    } finally {
      compileUs ||= Math.round(1000 * (performance.now() - begin));
    }
  } catch (error) {
    if (!(error instanceof LlamaError) || error.code === 'DISPOSED') throw error;
    const { code, message, keyword, pointer } = error;
    return { ok: false, code, ...(keyword !== undefined && { keyword }), ...(pointer !== undefined && { at: pointer }), message, compileUs };
  }
}
