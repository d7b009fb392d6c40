/** A model for those who have none yet. */
export interface SuggestedModel {
  /** What `pull` takes for it. */
  readonly name: string;
  readonly reference: string;
  /** Of the download, about. */
  readonly bytes: number;
  readonly license: string;
  /** What it is good for, in a few words. */
  readonly purpose: string;
}

/** Models for a beginning, from small to large: freely usable, of a family that this runs. Nothing is brought unless it is asked for. */
export const suggestedModels: readonly SuggestedModel[] = [
  {
    name: 'smollm2-135m',
    reference: 'hf:bartowski/SmolLM2-135M-Instruct-GGUF:Q4_K_M',
    bytes: 105e6,
    license: 'Apache-2.0',
    purpose: 'tries things out on any machine; knows little',
  },
  { name: 'qwen3-0.6b', reference: 'hf:Qwen/Qwen3-0.6B-GGUF:Q8_0', bytes: 640e6, license: 'Apache-2.0', purpose: 'small and quick, reasons, calls tools' },
  {
    name: 'smollm2-1.7b',
    reference: 'hf:bartowski/SmolLM2-1.7B-Instruct-GGUF:Q4_K_M',
    bytes: 1.06e9,
    license: 'Apache-2.0',
    purpose: 'short answers in English on a laptop',
  },
  {
    name: 'qwen3-4b',
    reference: 'hf:Qwen/Qwen3-4B-GGUF:Q4_K_M',
    bytes: 2.5e9,
    license: 'Apache-2.0',
    purpose: 'a good first model: many languages, reasons, calls tools',
  },
  { name: 'gemma-3-4b', reference: 'hf:ggml-org/gemma-3-4b-it-GGUF:Q4_K_M', bytes: 2.5e9, license: 'Gemma', purpose: 'writes well in many languages' },
  { name: 'qwen3-8b', reference: 'hf:Qwen/Qwen3-8B-GGUF:Q4_K_M', bytes: 5.03e9, license: 'Apache-2.0', purpose: 'knows more; wants 8 GB of memory' },
  {
    name: 'gpt-oss-20b',
    reference: 'hf:unsloth/gpt-oss-20b-GGUF:Q4_K_M',
    bytes: 11.6e9,
    license: 'Apache-2.0',
    purpose: 'strong at reasoning and code; wants 16 GB of memory',
  },
];
