// Calls that are required, by family: what the grammar allows is drawn at random and read back, and what the templates themselves print must be allowed.
import Ajv from 'ajv';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { callsOf, parseOutput, type OfferedTool } from '../../lib/parse';
import { reasonings } from '../../lib/parse/families/reasoning';
import type { GrammarPart } from '../../lib/native';
import { walker, type Walker } from '../support/call-walks';
import { sharedPath, sharedTest } from '../support/shared';

interface Case {
  readonly name: string;
  readonly prompt: string;
  readonly output: string;
  readonly expect: { readonly content: string; readonly toolCalls: readonly { readonly name: string; readonly arguments: Record<string, unknown> }[] };
}

interface Family {
  readonly source: string;
  readonly supportsTools: boolean;
  readonly tools: readonly OfferedTool[];
  readonly cases: readonly Case[];
  readonly prompts: Readonly<Record<string, { readonly text: string }>>;
}

type Schema = Readonly<Record<string, unknown>>;
const inner = (tool: OfferedTool): { name: string; parameters: Schema } => tool.function as { name: string; parameters: Schema };

/** Whether the keys of a value come in the order of its schema. */
function ordered(value: unknown, schema: Schema = {}, sorted = false): boolean {
  if (Array.isArray(value)) return value.every((item) => ordered(item, schema.items as Schema, sorted));
  if (typeof value !== 'object' || value === null) return true;
  const properties = (schema.properties ?? {}) as Record<string, Schema>;
  const keys = sorted ? Object.keys(properties).sort() : Object.keys(properties);
  const places = Object.keys(value).map((key) => keys.indexOf(key));
  return (
    places.every((place, i) => i === 0 || place > (places[i - 1] as number)) &&
    Object.entries(value).every(([key, item]) => ordered(item, properties[key], sorted))
  );
}

const ajv = new Ajv({ strict: false });

/** What is wrong with a text that a grammar allowed. */
function faults(text: string, source: string, tools: readonly OfferedTool[], several: boolean, prompt: string): string[] {
  const { content, toolCalls, problems } = parseOutput(text, source, { tools, prompt });
  const found = problems.map(({ message }) => message);
  if (content !== '') found.push(`content: ${content}`);
  if (toolCalls.length === 0 || (!several && toolCalls.length > 1)) found.push(`${toolCalls.length} calls`);
  for (const call of toolCalls) {
    const tool = tools.find((each) => inner(each).name === call.name);
    if (!tool) found.push(`a call of ${call.name}`);
    else if (!ajv.validate(inner(tool).parameters, call.arguments)) found.push(`${call.name}: ${ajv.errorsText()} in ${call.argumentsText}`);
  }
  return found;
}

const markersIn = (text: string): string[] => text.match(/<[^<>\s'"]{1,60}>|<\|"\|>|\[\/?[A-Z_]{4,40}\]|<｜DSML｜\w+ name="|<\w+ name="/g) ?? [];
const special = (marker: string): boolean => /^(?:<[|｜]|<\w+\|>|\[[A-Z])/.test(marker);
/** The texts that are part of calls and nothing else, of a grammar. */
function textsOf(part: GrammarPart): string[] {
  if ('text' in part) return [part.text];
  if ('end' in part) return [part.end];
  if ('all' in part) return part.all.flatMap(textsOf);
  if ('any' in part) return part.any.flatMap(textsOf);
  if ('repeat' in part) return part.repeat.flatMap(textsOf);
  const { apart, mark = '' } = ('writing' in part ? part.writing : undefined) ?? {};
  return [mark, ...(apart ? [apart.first, apart.none, apart.open, ...apart.behindKey, ...apart.behind, apart.between] : [])];
}

/** Vocabularies that differ in what is a control token: nothing, what looks so, every marker. */
const vocabularies: readonly (readonly [string, (marker: string) => boolean])[] = [
  ['plain text', () => false],
  ['the usual', special],
  ['every marker', () => true],
];

async function walkerFor(part: GrammarPart, isControl: (marker: string) => boolean): Promise<Walker> {
  const texts = [...new Set(textsOf(part))].filter((text) => text.length > 1);
  const markers = [...new Set(texts.flatMap(markersIn))];
  const controls = markers.filter((marker) => isControl(marker) && !marker.endsWith('"'));
  const plain = texts.filter((text) => !controls.some((control) => text.includes(control)));
  return walker(controls, [...new Set([...plain, ...markers.filter((marker) => !controls.includes(marker))])]);
}

/** A case's calls, behind its reasoning. */
function callsIn(output: string): string {
  const ends = reasonings.flatMap((r) => r.close).map((close) => ({ at: output.lastIndexOf(close), close }));
  return output
    .slice(Math.max(0, ...ends.filter(({ at }) => at >= 0).map(({ at, close }) => at + close.length)))
    .replace(/^<response>|<\/response>$/g, '')
    .trim();
}

sharedTest(
  'calls of every family are written, read back and valid',
  'toolcalls/dev',
  async () => {
    const enforced: string[] = [];
    const wrong: unknown[] = [];
    let drawn = 0;
    let accepted = 0;
    const files = readdirSync(sharedPath('toolcalls/dev')).map(
      (file) => [file, JSON.parse(readFileSync(join(sharedPath('toolcalls/dev'), file), 'utf8')) as Family] as const,
    );
    for (const [file, { source, supportsTools, tools, cases, prompts }] of files) {
      if (!supportsTools) continue;
      const part = await callsOf(source, { tools, several: true });
      const one = await callsOf(source, { tools: tools.slice(0, 1), several: false });
      if (!part || !one) continue;
      enforced.push(file);
      const prompt = Object.values(prompts)[0]?.text.endsWith('>>>') ? '>>>' : '';
      for (const [which, isControl] of vocabularies) {
        const walks = await walkerFor(part, isControl);
        const grammar = await walks.compile(part);
        const texts = await walks.drawn(grammar, [1, 2, 3, 4, 5, 6, 7, 8], 1500);
        const single = await walks.drawn(await walks.compile(one), [1, 2, 3, 4, 5, 6, 7, 8], 1500);
        if (texts.length + single.length === 0) wrong.push([file, which, 'no text came to an end']);
        drawn += texts.length + single.length;
        for (const text of texts) wrong.push(...faults(text, source, tools, true, prompt).map((fault) => [file, which, fault, text]));
        for (const text of single) wrong.push(...faults(text, source, tools.slice(0, 1), false, prompt).map((fault) => [file, which, fault, text]));
        const sorted = JSON.stringify(part).includes('"sorted":true');
        const right = cases.filter(({ output, expect: { content } }) => {
          const { toolCalls } = parseOutput(callsIn(output), source, { tools, prompt });
          const valid = toolCalls.every(({ name, arguments: args }) => {
            const tool = tools.find((each) => inner(each).name === name);
            return tool && ajv.validate(inner(tool).parameters, args) && ordered(args, inner(tool).parameters, sorted);
          });
          return content === '' && toolCalls.length > 0 && valid;
        });
        const allowed = await walks.allowed(
          grammar,
          right.map(({ output }) => callsIn(output)),
        );
        accepted += allowed.filter(Boolean).length;
        wrong.push(...right.filter((_, i) => !allowed[i]).map(({ name, output }) => [file, which, 'is not allowed', name, output]));
        walks.tokenizer.dispose();
      }
    }
    console.log(enforced.length, 'of', files.filter(([, { supportsTools }]) => supportsTools).length, 'drawn', drawn, 'accepted', accepted);
    require('fs').writeFileSync('/tmp/cg/wrong.json', JSON.stringify(wrong));
    expect(wrong.slice(0, 1)).toEqual([]);
  },
  600_000,
);
