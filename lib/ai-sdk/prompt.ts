// The AI SDK's messages as ours.
import { LlamaError } from '../errors';
import type { MessageCall, MessageInput, TextPart } from '../template';
import type { AnyWarning, FilePart, PromptMessage, ToolResultPart } from './spec';

/** The text of a file that is one; any other is refused. */
function textOf({ mediaType, data }: FilePart): string {
  const { type, ...inner } = (typeof data === 'object' && data !== null && 'type' in data ? data : {}) as { type?: unknown; data?: unknown; text?: unknown };
  const bytes = type === 'data' ? inner.data : data;
  if (type === 'text' && typeof inner.text === 'string') return inner.text;
  if (/^text(\/|$)/.test(mediaType)) {
    if (bytes instanceof Uint8Array) return new TextDecoder().decode(bytes);
    if (typeof bytes === 'string') return Buffer.from(bytes, 'base64').toString('utf8');
  }
  throw new LlamaError(
    'UNSUPPORTED',
    `prompt: this version reads text alone, found a file of the type ${mediaType}: leave it out, or put its text in its place`,
  );
}

/** What a tool gave, as the model is told. */
function outputText({ output, toolName }: ToolResultPart, warnings: AnyWarning[]): string {
  const { type, value, reason } = output;
  if (type === 'execution-denied') return `The call was denied${reason === undefined ? '' : `: ${reason}`}.`;
  if (type === 'text' || type === 'error-text') return String(value);
  if (type !== 'content' || !Array.isArray(value)) return JSON.stringify(value) ?? '';
  const parts = value as readonly { readonly type: string; readonly text?: string }[];
  const left = parts.find((part) => part.type !== 'text');
  if (left)
    warnings.push({ type: 'unsupported', feature: `${left.type} in a result of ${toolName}`, details: 'The model is told the text of the result alone.' });
  return parts.flatMap((part) => (part.type === 'text' ? [part.text ?? ''] : [])).join('\n');
}

const toolMessage = (part: ToolResultPart, warnings: AnyWarning[]): MessageInput => ({
  role: 'tool',
  name: part.toolName,
  tool_call_id: part.toolCallId,
  content: outputText(part, warnings),
});

function assistant(content: Extract<PromptMessage, { role: 'assistant' }>['content'], warnings: AnyWarning[]): MessageInput[] {
  const texts: string[] = [];
  const reasoning: string[] = [];
  const calls: MessageCall[] = [];
  const results: MessageInput[] = [];
  for (const part of content) {
    if (part.type === 'text') texts.push(part.text);
    else if (part.type === 'reasoning') reasoning.push(part.text);
    else if (part.type === 'file') texts.push(textOf(part));
    else if (part.type === 'tool-result') results.push(toolMessage(part, warnings));
    else if (part.type === 'tool-call') {
      const { toolCallId, toolName, input } = part;
      const args = (input ?? {}) as Record<string, unknown> | string;
      calls.push({ id: toolCallId, type: 'function', function: { name: toolName, arguments: args } });
    } else warnings.push({ type: 'unsupported', feature: `${part.type} in a message of the assistant` });
  }
  const said: MessageInput = {
    role: 'assistant',
    content: texts.join(''),
    ...(reasoning.length > 0 && { reasoning_content: reasoning.join('\n\n') }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
  return [said, ...results];
}

/** What is not understood is refused, or a warning. */
export function messagesOf(prompt: readonly PromptMessage[], warnings: AnyWarning[]): MessageInput[] {
  return prompt.flatMap((message): MessageInput[] => {
    switch (message.role) {
      case 'system':
        return [{ role: 'system', content: message.content }];
      case 'user':
        return [{ role: 'user', content: message.content.map((part): TextPart => ({ type: 'text', text: part.type === 'text' ? part.text : textOf(part) })) }];
      case 'assistant':
        return assistant(message.content, warnings);
      case 'tool': // an approval that was given shows in what the tool gave
        return message.content.flatMap((part) => (part.type === 'tool-result' ? [toolMessage(part, warnings)] : []));
    }
  });
}
