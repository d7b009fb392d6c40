// What renderers of chat templates do beyond transformers: variables that some templates cannot do without.
import { spaced } from './parse/shape';
import type { Variables } from './template';

/** Whether a template failed for want of these, and what to try again with; undefined where nothing more can be tried. */
export function triedAgain(error: unknown, variables: Variables, now = new Date()): Variables | undefined {
  const message = error instanceof Error ? error.message : '';
  const more: Record<string, unknown> = {};
  if (variables.tools === undefined && /NoneType/.test(message)) more.tools = [];
  if (/'(functions|datetime)' is undefined/.test(message)) {
    more.functions = spaced(variables.tools ?? []);
    const local = new Date(now.getTime() - now.getTimezoneOffset() * 60_000);
    more.datetime = local.toISOString().slice(0, 10);
  }
  return Object.keys(more).length > 0 ? { ...more, ...variables } : undefined;
}
