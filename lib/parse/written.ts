// Calls as texts: what a grammar is made of where an answer must call tools, or may.
import type { GrammarPart, GrammarWriting } from '../grammar-part';
import { channelStart, channelText } from './channels';
import type { Around, CallLayout, OutputFormat } from './format';
import { Tools, type OfferedTool } from './tools';

/** What an answer may be. */
export interface CallWish {
  readonly tools: readonly OfferedTool[];
  /** Several calls, one behind the other. */
  readonly several: boolean;
  /** What it may be beside calls. */
  readonly beside?: GrammarPart | undefined;
}

interface Called {
  readonly name: string;
  readonly parameters?: object;
}

const text = (given: string): GrammarPart => ({ text: given });
const around = (parts: Around): GrammarPart[] => parts.map((part) => (typeof part === 'string' ? text(part) : part));
/** The last text of calls: the model may end where a token ends it. */
const ending = (parts: Around): GrammarPart[] =>
  parts.map((part, i) => (typeof part === 'string' && i === parts.length - 1 ? { end: part } : (around([part])[0] as GrammarPart)));
const maybe = (part: string): GrammarPart => ({ any: [text(''), text(part)] });

/** The texts that a model may answer with, by how it writes calls. */
export function writtenCalls(format: OutputFormat, layouts: readonly CallLayout[], { tools, several, beside }: CallWish): GrammarPart {
  const known = new Tools(tools);
  const calls = layouts.map((layout): GrammarPart => {
    const one: GrammarPart = { any: tools.map((tool) => callOf(layout, tool.function as Called, known)) };
    const more = several ? layout.several : undefined;
    const next = more && [...around(more.between), one];
    const rest: GrammarPart[] = next ? [{ all: [...next, { repeat: next }, ...ending(more.after)] }] : [];
    return { all: [...(layout.lead === '' ? [] : [maybe(layout.lead)]), ...around(layout.before), one, { any: [{ all: ending(layout.after) }, ...rest] }] };
  });
  const textName = format.calls.find((f) => f.textName !== undefined)?.textName;
  const before = format.channels ? [text(channelText)] : textName === undefined ? [] : [text(`${textName}\n`)];
  const answers: GrammarPart = { any: beside ? [...calls, { all: [...before, beside] }] : calls };
  return format.channels ? { all: [maybe(channelStart), answers] } : answers;
}

function callOf(layout: CallLayout, { name, parameters }: Called, known: Tools): GrammarPart {
  const written = layout.writing;
  const texts = known.names(name).filter((key) => [...known.types(name, key)].join() === 'string');
  const writing: GrammarWriting | undefined = written && ({ ...written, ...(written.apart && { apart: { ...written.apart, texts } }) } as GrammarWriting);
  const schema = JSON.stringify({ type: 'object', ...parameters });
  const args: GrammarPart = { schema, where: `tools.${name}.parameters`, anySpace: layout.inLines === true, writing };
  const [first, second] = layout.argumentsFirst ? [args, text(name)] : [text(name), args];
  return { all: [first, ...around(layout.between), second] };
}
