// LangChain's messages as ours, and our answers as its.
import type { BaseMessage, UsageMetadata } from '@langchain/core/messages';

import { LlamaError } from '../errors';
import type { Result } from '../generation';
import type { MessageInput } from '../template';
import type { ToolCall } from '../parse';

interface Block {
  readonly type?: unknown;
  readonly text?: unknown;
  readonly reasoning?: unknown;
}

// Calls stand in `tool_calls`, too.
const silent: readonly unknown[] = ['reasoning', 'thinking', 'tool_call', 'tool_use', 'tool_call_chunk', 'invalid_tool_call'];

function textOf(content: BaseMessage['content']): string {
  if (typeof content === 'string') return content;
  return (content as readonly (Block | string)[])
    .map((block) => {
      if (typeof block === 'string') return block;
      if (typeof block.text === 'string') return block.text;
      if (silent.includes(block.type)) return '';
      throw new LlamaError('UNSUPPORTED', `messages: this version reads text alone, found a part of the type ${String(block.type)}`);
    })
    .join('');
}

function reasoningOf({ content, additional_kwargs }: BaseMessage): string | undefined {
  const { reasoning_content: kept } = additional_kwargs;
  if (typeof kept === 'string') return kept;
  const blocks = typeof content === 'string' ? [] : (content as readonly Block[]);
  const found = blocks.flatMap(({ type, reasoning }) => (type === 'reasoning' && typeof reasoning === 'string' ? [reasoning] : []));
  return found.length > 0 ? found.join('\n\n') : undefined;
}

interface Calling {
  readonly tool_calls?: readonly { readonly id?: string; readonly name: string; readonly args: Record<string, unknown> }[];
}

function messageOf(message: BaseMessage): MessageInput {
  const content = textOf(message.content);
  const name = message.name === undefined ? {} : { name: message.name };
  switch (message.getType()) {
    case 'human':
      return { role: 'user', content, ...name };
    case 'system':
    case 'developer':
      return { role: 'system', content, ...name };
    case 'tool': {
      const { tool_call_id } = message as BaseMessage & { tool_call_id: string };
      return { role: 'tool', content, tool_call_id, ...name };
    }
    case 'ai': {
      const { tool_calls = [] } = message as BaseMessage & Calling;
      const reasoning = reasoningOf(message);
      return {
        role: 'assistant',
        content,
        ...name,
        ...(reasoning !== undefined && { reasoning_content: reasoning }),
        ...(tool_calls.length > 0 && {
          tool_calls: tool_calls.map(({ id, name, args }) => ({ ...(id !== undefined && { id }), type: 'function', function: { name, arguments: args } })),
        }),
      };
    }
    case 'generic': {
      const { role } = message as BaseMessage & { role: MessageInput['role'] };
      return { role, content, ...name };
    }
    default:
      throw new LlamaError('UNSUPPORTED', `messages: expected messages of a person, the system, the assistant or a tool, found ${message.getType()}`);
  }
}

export const messagesOf = (messages: readonly BaseMessage[]): MessageInput[] => messages.map(messageOf);

/** `reasoning`: the tokens of it. */
export const usageOf = ({ usage }: Result<unknown>, reasoning: number): UsageMetadata => ({
  input_tokens: usage.prompt,
  output_tokens: usage.completion,
  total_tokens: usage.prompt + usage.completion,
  input_token_details: { cache_read: usage.cached },
  output_token_details: { reasoning },
});

const finishes: Readonly<Record<Result<unknown>['finish'], string>> = { stop: 'stop', length: 'length', context: 'length', calls: 'tool_calls' };

export const metadataOf = ({ finish, seed, timing, stopString, complete, problems, logprobs }: Result<unknown>, model: string): Record<string, unknown> => ({
  model_provider: 'llama-ts',
  model_name: model,
  finish_reason: finishes[finish],
  seed,
  timing,
  ...(stopString !== undefined && { stop_string: stopString }),
  ...(complete !== undefined && { complete }),
  ...(problems !== undefined && { problems }),
  ...(logprobs !== undefined && { logprobs }),
});

export const callOf = ({ id, name, arguments: args }: ToolCall): { type: 'tool_call'; id?: string; name: string; args: Record<string, unknown> } => ({
  type: 'tool_call',
  ...(id !== undefined && { id }),
  name,
  args: args as Record<string, unknown>,
});

export const cutCallOf = ({ id, name, argumentsText }: ToolCall): { type: 'invalid_tool_call'; id?: string; name: string; args: string; error: string } => ({
  type: 'invalid_tool_call',
  ...(id !== undefined && { id }),
  name,
  args: argumentsText,
  error: 'the call was cut off',
});
