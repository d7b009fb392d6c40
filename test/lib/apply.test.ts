// Conversations in templates, without a model: as Jinja2 renders them, and what is done beyond it where that is asked for.
import { readdirSync } from 'node:fs';

import { applyTemplate, chatTemplates, embeddedModel, templateNames } from 'llama-ts';

import { hasShared, sharedJson, sharedPath, sharedTest } from '../support/shared';

const user = (content: string) => ({ role: 'user', content });

sharedTest('published templates, as Python renders them', 'golden/templates/cases.json', async () => {
  type Case = { messages: never[]; tools?: never[]; add_generation_prompt: boolean };
  const { now, variables, cases } = sharedJson<{ now: string; variables: { bos_token: string; eos_token: string }; cases: Record<string, Case> }>(
    'golden/templates/cases.json',
  );
  const wrong: string[] = [];
  for (const file of readdirSync(sharedPath('golden/templates')).filter((name) => name !== 'cases.json')) {
    const { template, rendered } = sharedJson<{ template: string; rendered: Record<string, { text?: string }> }>(`golden/templates/${file}`);
    for (const [name, { text }] of Object.entries(rendered)) {
      const { messages, tools, add_generation_prompt: addGenerationPrompt, ...rest } = cases[name] as Case;
      const tokens = { bosToken: variables.bos_token, eosToken: variables.eos_token };
      const render = () => applyTemplate(template, messages, { tools: tools ?? null, variables: rest, addGenerationPrompt, now: new Date(now), ...tokens });
      if (text === undefined ? !throws(render) : throws(render) || render() !== text) wrong.push(`${file}: ${name}`);
    }
  }
  expect(wrong).toEqual([]);
});

// The prompts of ../shared/toolcalls, which were rendered by one that is less strict than transformers, on the 15th of January 2026.
sharedTest('published templates, where more is done than transformers does', 'toolcalls/dev', async () => {
  interface Data {
    readonly source: string;
    readonly tools: never[];
    readonly prompts: Record<string, { text: string; messages: never[]; withTools: boolean; variables: Record<string, unknown> }>;
  }
  const wrong: string[] = [];
  for (const file of readdirSync(sharedPath('toolcalls/dev'))) {
    const { source, tools, prompts } = sharedJson<Data>(`toolcalls/dev/${file}`);
    for (const [name, { text, messages, withTools, variables }] of Object.entries(prompts)) {
      const options = { tools: withTools ? tools : null, variables, bosToken: '<s>', eosToken: '</s>', lenient: true, now: new Date('2026-01-15T10:30:00') };
      if (applyTemplate(source, messages, options) !== text) wrong.push(`${file}: ${name}`);
    }
  }
  expect(wrong).toEqual([]);
});

const throws = (run: () => unknown): boolean => {
  try {
    run();
    return false;
  } catch (error) {
    expect(error).toMatchObject({ code: 'TEMPLATE' });
    return true;
  }
};

test('templates by name', () => {
  const conversation = [{ role: 'system', content: 'Be brief.' }, user('Hi'), { role: 'assistant', content: 'Hello.' }, user('Why?')];
  const render = (name: string): string => applyTemplate(name, conversation, { bosToken: '<s>', eosToken: '</s>' });
  expect(render('chatml')).toBe(
    '<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nWhy?<|im_end|>\n<|im_start|>assistant\n',
  );
  expect(render('llama2')).toBe('<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi [/INST] Hello. </s><s>[INST] Why? [/INST]');
  expect(render('mistral')).toBe('<s>[INST] Be brief.\n\nHi[/INST] Hello.</s>[INST] Why?[/INST]');
  expect(render('gemma')).toBe(
    '<s><start_of_turn>user\nBe brief.\n\nHi<end_of_turn>\n<start_of_turn>model\nHello.<end_of_turn>\n<start_of_turn>user\nWhy?<end_of_turn>\n<start_of_turn>model\n',
  );
  expect(render('zephyr')).toBe('<|system|>\nBe brief.</s>\n<|user|>\nHi</s>\n<|assistant|>\nHello.</s>\n<|user|>\nWhy?</s>\n<|assistant|>\n');
  for (const name of templateNames) expect(render(name)).toContain('Be brief.');
  expect(() => render('no-such')).toThrow(expect.objectContaining({ code: 'ARGUMENT' }));
});

const llama3 = hasShared('golden/templates/meta-llama-Llama-3.1-8B-Instruct.json') ? test : test.skip;
llama3('the name llama3 is what its maker publishes, but for its dates', () => {
  const { template } = sharedJson<{ template: string }>('golden/templates/meta-llama-Llama-3.1-8B-Instruct.json');
  const conversation = [user('Hi'), { role: 'assistant', content: 'Hello.' }, user('Why?')];
  const published = applyTemplate(template, conversation, { bosToken: '<|begin_of_text|>' });
  const named = applyTemplate('llama3', conversation, { bosToken: '<|begin_of_text|>' });
  expect(published.endsWith(named.slice('<|begin_of_text|>'.length))).toBe(true);
});

test('the templates of a file', async () => {
  const { templates, bosToken, eosToken } = await chatTemplates(embeddedModel);
  expect(Object.keys(templates)).toEqual(['default']);
  expect([bosToken !== '', eosToken !== '']).toEqual([true, true]);
  expect(applyTemplate(templates.default as string, [user('hi')])).toContain('<|user|>');
});

test('what is wrong is said', () => {
  expect(() => applyTemplate('{{', [user('x')])).toThrow(expect.objectContaining({ code: 'TEMPLATE' }));
  expect(() => applyTemplate('{{ x }}', [])).toThrow('messages: expected at least one message');
  expect(() => applyTemplate('{{ x }}', [user('x')], { now: new Date('x') })).toThrow('now: expected a valid Date');
  expect(() => applyTemplate('{{ [1].append(2) }}', [user('x')])).toThrow("'append'");
  expect(applyTemplate('{% set l = [1] %}{% set _ = l.append(2) %}{{ l }}{{ l.pop(0) }}{{ l }}', [user('x')], { lenient: true })).toBe('[1, 2]1[2]');
});
