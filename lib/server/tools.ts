// Tools that the server itself runs, such as those of MCP servers: the page offers them to the model, and asks the server to run what it calls.
import * as v from 'valibot';

import { Tools } from '../parse/tools';
import { offered, runCall } from '../tools';
import { bare, route, type State } from './call';
import { ApiError } from './failure';
import { maybe, object } from './wire';

interface Described {
  readonly name: string;
  readonly description: string;
  readonly parameters: unknown;
}

const described = ({ settings }: State): readonly Described[] => (offered({ tools: settings.tools }) ?? []).map((tool) => tool.function as Described);

/** The routes. */
export const toolRoutes = [
  bare({
    method: 'GET',
    path: '/tools',
    form: 'openai',
    summary: 'The tools that the server runs, for pages and programs that offer them to a model.',
    run: async ({ state }) => ({ tools: described(state) }),
  }),
  route({
    method: 'POST',
    path: '/tools/call',
    form: 'openai',
    summary: 'Runs a tool. What it gives is text for the model; so is why it failed (`is_error`).',
    body: v.object({ name: v.string(), arguments: maybe(object) }),
    run: async ({ state, signal }, { name, arguments: given }) => {
      const tool = Object.hasOwn(state.settings.tools, name) ? state.settings.tools[name] : undefined;
      if (!tool) throw new ApiError(404, `name: there is no tool ${JSON.stringify(name.slice(0, 64))}: GET /tools lists what there is`, { code: 'not_found' });
      const args = given ?? {};
      const faults = new Tools(offered({ tools: state.settings.tools }) ?? []).faults(name, args);
      const { content, failed } = await runCall(tool, { name, arguments: args, argumentsText: JSON.stringify(args) }, faults, signal);
      state.log.tell('info', 'a tool ran', { tool: name, failed });
      return { content, is_error: failed };
    },
  }),
];
