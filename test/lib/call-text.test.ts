// What a required call is written with, beside what models' templates themselves print of calls: ../shared/toolcalls.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { callTextOf, prepareParser } from '../../lib/parse';
import { sharedPath, sharedTest } from '../support/shared';

interface Family {
  readonly source: string;
  readonly supportsTools: boolean;
  readonly cases: readonly {
    readonly name: string;
    readonly output: string;
    readonly end: string;
    readonly expect: { readonly toolCalls: readonly { readonly name: string; readonly arguments: unknown }[] };
  }[];
}

sharedTest('the text around a call is what the template prints around it', 'toolcalls/dev', async () => {
  const written: string[] = [];
  for (const file of readdirSync(sharedPath('toolcalls/dev'))) {
    const { source, supportsTools, cases } = JSON.parse(readFileSync(join(sharedPath('toolcalls/dev'), file), 'utf8')) as Family;
    const call = cases.find(({ name }) => name === 'call');
    const called = call?.expect.toolCalls[0];
    if (!supportsTools || !call || !called) continue;
    await prepareParser(source);
    const controls = [call.end.trim(), '[TOOL_CALLS]', '<｜tool▁calls▁begin｜>', '<|tool_call_start|>', '<end_of_sentence>'];
    const text = callTextOf(source, controls);
    if (!text) continue;
    written.push(file);
    const [before, between, after] = text;
    const at = call.output.indexOf(before + called.name + between);
    expect([file, at]).not.toEqual([file, -1]);
    const rest = call.output.slice(at + (before + called.name + between).length).trimEnd();
    expect([file, rest.endsWith(after)]).toEqual([file, true]);
    expect(JSON.parse(rest.slice(0, rest.length - after.length))).toEqual(called.arguments);
  }
  expect(written).toEqual(
    expect.arrayContaining(['Qwen-Qwen2.5-7B-Instruct.json', 'Qwen-Qwen3-0.6B.json', 'Qwen-QwQ-32B.json', 'meta-llama-Llama-3.1-8B-Instruct.json']),
  );
  expect(written).not.toContain('mistralai-Mistral-Nemo-Instruct-2407.json'); // control tokens
});
