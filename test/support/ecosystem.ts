// Models for what speaks other libraries' languages: the story model, and a real one where it is.
import { loadModel, type Model } from 'llama-ts';

import { hasShared, sharedPath, storyModel } from './shared';

/** A template with calls, whatever the model's own has. */
export const hermes =
  '{% for m in messages %}<|{{ m.role }}|>{{ m.content }}{% for t in m.tool_calls or [] %}<tool_call>{{ t.function | tojson }}</tool_call>{% endfor %}\n{% endfor %}' +
  '{% if add_generation_prompt %}<|assistant|>{% endif %}';

/** One that begins the reasoning. */
export const thinker = '{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}{% if add_generation_prompt %}<|assistant|><think>\n{% endif %}';

const smol = 'models/SmolLM2-135M-Instruct-Q4_1.gguf';

/** Runs tests with each of the models. */
export function onModels(run: (model: () => Model) => void): void {
  for (const [name, path, present] of [
    ['the story model', storyModel, true],
    ['SmolLM2', sharedPath(smol), hasShared(smol)],
  ] as const) {
    if (!present) {
      test.skip(`with ${name} (skipped: ../shared/${smol} is absent)`, () => {});
      continue;
    }
    describe(`with ${name}`, () => {
      let model: Model | undefined;
      beforeAll(async () => {
        model = await loadModel(path, { contextTokens: 1024 });
      });
      afterAll(() => model?.dispose());
      run(() => model as Model);
    });
  }
}
