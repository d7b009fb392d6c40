// The small story model that comes with the package, loaded once a test file.
import { embeddedModel, loadModel, type LoadOptions, type Model } from 'llama-ts';

/** Gives a function for the model; it is loaded before the tests of the file and disposed of behind them. */
export function storyModel(options?: LoadOptions): () => Model {
  let model: Model | undefined;
  beforeAll(async () => {
    model = await loadModel(embeddedModel, { threads: 1, ...options });
  });
  afterAll(() => model?.dispose());
  return () => {
    if (!model) throw new Error('the model is not loaded');
    return model;
  };
}

/** A prompt that the model takes well over a second to read. */
export function longPrompt(model: Model, tokens: number): Uint32Array {
  return Uint32Array.from({ length: tokens }, (_, i) => 300 + ((i * 7919) % (model.info.vocabulary - 300)));
}
