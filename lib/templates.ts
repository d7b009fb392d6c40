// Chat templates: a model's own, by their names, and the few known forms for models whose files have none.
import { LlamaError } from './errors';

const turns = (each: string, prompt: string, before = '{{ bos_token }}'): string =>
  `${before}{% for message in messages %}${each}{% endfor %}{% if add_generation_prompt %}${prompt}{% endif %}`;

/** The system's words in front of the first question, for forms that have no place of their own for them. */
const systemFirst = `{% set ns = namespace(system='') %}{{ bos_token }}`;

const known: Readonly<Record<string, string>> = {
  chatml: turns("{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}", "{{ '<|im_start|>assistant\\n' }}", ''),
  llama3: turns(
    "{{ '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' + message.content | trim + '<|eot_id|>' }}",
    "{{ '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}",
  ),
  llama2: turns(
    "{% if message.role == 'system' %}{% set ns.system = '<<SYS>>\\n' + message.content + '\\n<</SYS>>\\n\\n' %}{% elif message.role == 'assistant' %}" +
      "{{ ' ' + message.content | trim + ' ' + eos_token + bos_token }}{% else %}{{ '[INST] ' + ns.system + message.content | trim + ' [/INST]' }}{% set ns.system = '' %}{% endif %}",
    '',
    systemFirst,
  ),
  mistral: turns(
    "{% if message.role == 'system' %}{% set ns.system = message.content + '\\n\\n' %}{% elif message.role == 'assistant' %}" +
      "{{ ' ' + message.content | trim + eos_token }}{% else %}{{ '[INST] ' + ns.system + message.content | trim + '[/INST]' }}{% set ns.system = '' %}{% endif %}",
    '',
    systemFirst,
  ),
  gemma: turns(
    "{% if message.role == 'system' %}{% set ns.system = message.content + '\\n\\n' %}{% else %}{% set role = 'model' if message.role == 'assistant' else message.role %}" +
      "{{ '<start_of_turn>' + role + '\\n' + ns.system + message.content | trim + '<end_of_turn>\\n' }}{% set ns.system = '' %}{% endif %}",
    "{{ '<start_of_turn>model\\n' }}",
    systemFirst,
  ),
  phi3: turns("{{ '<|' + message.role + '|>\\n' + message.content + '<|end|>\\n' }}", "{{ '<|assistant|>\\n' }}", ''),
  zephyr: turns("{{ '<|' + message.role + '|>\\n' + message.content + eos_token + '\\n' }}", "{{ '<|assistant|>\\n' }}", ''),
  vicuna: turns(
    "{% if message.role == 'system' %}{{ message.content + '\\n\\n' }}{% elif message.role == 'user' %}{{ 'USER: ' + message.content + '\\n' }}" +
      "{% else %}{{ 'ASSISTANT: ' + message.content + eos_token + '\\n' }}{% endif %}",
    "{{ 'ASSISTANT:' }}",
  ),
};

/** The names of the forms that come with the package. */
export const templateNames: readonly string[] = Object.freeze(Object.keys(known));

/** A model's templates: its default one as `default`, others by their names. */
export type NamedTemplates = Readonly<Record<string, string>>;

/**
 * The Jinja source that `given` means: a source itself, the name of one of the model's own, or of one that comes with the package.
 * @internal
 */
export function sourceOf(given: string, own: NamedTemplates = {}): string {
  if (/[{}\s]/.test(given)) return given;
  const found = Object.hasOwn(own, given) ? own[given] : Object.hasOwn(known, given) ? known[given] : undefined;
  if (found !== undefined) return found;
  const names = [...new Set([...Object.keys(own), ...templateNames])].join(', ');
  throw new LlamaError('ARGUMENT', `template: expected a Jinja source or one of the names ${names}, found ${JSON.stringify(given)}`);
}

/**
 * Of a model's own templates the one for a conversation; as in transformers, `tool_use` where tools are offered and it is there.
 * @internal
 */
export function ownTemplate(own: NamedTemplates, tools: boolean): string | undefined {
  return (tools ? own.tool_use : undefined) ?? own.default ?? own.tool_use;
}

/**
 * What a file's metadata holds of templates.
 * @internal
 */
export function templatesIn(metadata: ReadonlyMap<string, unknown>): NamedTemplates {
  const prefix = 'tokenizer.chat_template';
  const found = [...metadata].flatMap(([key, value]) => {
    if (typeof value !== 'string' || (key !== prefix && !key.startsWith(`${prefix}.`)) || key === `${prefix}.rerank`) return [];
    return [[key === prefix ? 'default' : key.slice(prefix.length + 1), value] as const];
  });
  return Object.freeze(Object.fromEntries(found));
}
