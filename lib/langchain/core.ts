// What is used of @langchain/core. It is handed in, as it comes twice: whoever imports it must not meet the classes of whoever requires it.

/** Its modules. */
export interface Core {
  readonly chat: typeof import('@langchain/core/language_models/chat_models');
  readonly embeddings: typeof import('@langchain/core/embeddings');
  readonly messages: typeof import('@langchain/core/messages');
  readonly outputs: typeof import('@langchain/core/outputs');
  readonly parsers: typeof import('@langchain/core/output_parsers');
  readonly runnables: typeof import('@langchain/core/runnables');
  readonly functions: typeof import('@langchain/core/utils/function_calling');
  readonly jsonSchema: typeof import('@langchain/core/utils/json_schema');
  readonly types: typeof import('@langchain/core/utils/types');
}

/** Where they are. */
export const modules = {
  chat: '@langchain/core/language_models/chat_models',
  embeddings: '@langchain/core/embeddings',
  messages: '@langchain/core/messages',
  outputs: '@langchain/core/outputs',
  parsers: '@langchain/core/output_parsers',
  runnables: '@langchain/core/runnables',
  functions: '@langchain/core/utils/function_calling',
  jsonSchema: '@langchain/core/utils/json_schema',
  types: '@langchain/core/utils/types',
} as const satisfies Record<keyof Core, string>;
