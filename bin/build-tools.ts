// What `llama-ts build` compiles with: cmake-js and the headers of node-addon-api. They are no dependencies, as most never compile:
// a clone has them, and elsewhere they are fetched when they are needed, into the package's own build folder.
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { runToEnd } from './children';
import { note } from './screen';

/** Their versions. package.json has the same for clones. */
export const buildTools = { 'cmake-js': '^8.0.0', 'node-addon-api': '^8.9.2' } as const;

export interface BuildTools {
  /** The script of cmake-js. */
  readonly program: string;
  /** Settings for cmake: where the headers lie, where cmake-js would not find them. */
  readonly settings: readonly string[];
}

/** The folder of an installed package; undefined where it is not there. */
function folderOf(name: string, from: string): string | undefined {
  try {
    return dirname(require.resolve(`${name}/package.json`, { paths: [from] }));
  } catch {
    return undefined;
  }
}

/** Those beside the package: of a clone, or of a project that has installed them. */
function installed(root: string): BuildTools | undefined {
  const [cmakeJs, headers] = [folderOf('cmake-js', root), folderOf('node-addon-api', root)];
  return cmakeJs !== undefined && headers !== undefined ? { program: join(cmakeJs, 'bin', 'cmake-js'), settings: [] } : undefined;
}

/** Those that were fetched. cmake-js looks for headers beside the package alone, so it is told. */
function fetched(folder: string): BuildTools | undefined {
  const modules = join(folder, 'node_modules');
  const [cmakeJs, addonApi] = [join(modules, 'cmake-js', 'bin', 'cmake-js'), join(modules, 'node-addon-api')];
  const nodeApi = folderOf('node-api-headers', dirname(cmakeJs));
  if (!existsSync(cmakeJs) || !existsSync(join(addonApi, 'napi.h')) || nodeApi === undefined) return undefined;
  return { program: cmakeJs, settings: [`--CDCMAKE_JS_INC=${join(nodeApi, 'include')};${addonApi}`] };
}

/** npm, as a script for node where npm or npx runs us, else the program. */
function npm(args: readonly string[], cwd: string): Promise<number> {
  const script = process.env.npm_execpath;
  const env = { ...process.env, npm_config_global: 'false' };
  if (script !== undefined && /npm-cli\.js$/.test(script) && existsSync(script))
    return runToEnd(process.execPath, [script, ...args], { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] });
  // On Windows npm is a script for a shell, to which spaces and ^ mean something.
  const shell = process.platform === 'win32';
  return runToEnd('npm', shell ? args.map((arg) => `"${arg}"`) : args, { cwd, env, stdio: ['ignore', 'ignore', 'inherit'], shell });
}

/** The tools for the package in `root`, fetched where they are missing. */
export async function toolsFor(root: string): Promise<BuildTools> {
  const folder = join(root, 'build', 'tools');
  const here = installed(root) ?? fetched(folder);
  if (here) return here;
  const wanted = Object.entries(buildTools).map(([name, version]) => `${name}@${version}`);
  note(`Fetching what llama-ts is compiled with: ${wanted.join(', ')}`);
  mkdirSync(folder, { recursive: true });
  const code = await npm(
    ['install', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder, ...wanted],
    folder,
  ).catch(() => undefined);
  const tools = fetched(folder);
  if (code === 0 && tools) return tools;
  throw new Error(
    `to compile, llama-ts needs ${wanted.join(' and ')}, and npm could not fetch them. To get them: npm install --no-save ${wanted.join(' ')}, then npx llama-ts build again`,
  );
}
