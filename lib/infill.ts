// Fill-in-the-middle prompts: what stands before and behind a gap, between the marks that the model was trained with.
import * as check from './check';
import { LlamaError } from './errors';
import type { NativeVocabulary, Segment } from './native';
import { conversationPart, type PromptPart } from './prompt';

interface FillMarks {
  prefix: string;
  suffix: string;
  middle: string;
}

const marks = (prefix: string, suffix: string, middle: string): FillMarks => ({ prefix, suffix, middle });

// As the makers of each family wrote them, the prefix first.
const families: readonly FillMarks[] = [
  marks('<|fim_prefix|>', '<|fim_suffix|>', '<|fim_middle|>'), // Qwen
  marks('<fim_prefix>', '<fim_suffix>', '<fim_middle>'), // StarCoder, Granite
  marks('<fim-prefix>', '<fim-suffix>', '<fim-middle>'), // SantaCoder
  marks('<｜fim▁begin｜>', '<｜fim▁hole｜>', '<｜fim▁end｜>'), // DeepSeek
  marks('▁<PRE>', '▁<SUF>', '▁<MID>'), // Code Llama
  marks('<PRE>', '<SUF>', '<MID>'),
  marks('<|code_prefix|>', '<|code_suffix|>', '<|code_middle|>'), // GLM
  marks('<|prefix|>', '<|suffix|>', '<|middle|>'),
];

// Codestral has no mark of a middle: the suffix comes first, and the answer goes on from the prefix.
const codestral = { suffix: '[SUFFIX]', prefix: '[PREFIX]' };

const control = (text: string): Segment => ({ text, control: true });
const plain = (text: string): Segment => ({ text, control: false });

/** @internal */
export function infillPart(prefix: unknown, suffix: unknown, { controls, fill }: NativeVocabulary): PromptPart {
  const [before, behind] = [check.string(prefix, 'prefix'), check.string(suffix, 'suffix')];
  const known = new Set(controls);
  const named = fill.every((text) => text !== '') ? marks(...fill) : undefined;
  const family = named ?? families.find((f) => known.has(f.prefix) && known.has(f.suffix) && known.has(f.middle));
  if (family)
    return conversationPart(
      [control(family.prefix), plain(before), control(family.suffix), plain(behind), control(family.middle)].filter((s) => s.text !== ''),
    );
  if (known.has(codestral.suffix) && known.has(codestral.prefix))
    return conversationPart([control(codestral.suffix), plain(behind), control(codestral.prefix), plain(before)].filter((s) => s.text !== ''));
  throw new LlamaError(
    'UNSUPPORTED',
    `infill: expected a model with fill-in-the-middle tokens such as ${families[0]!.prefix}, found none: use one that was trained on code, or generate()`,
  );
}
