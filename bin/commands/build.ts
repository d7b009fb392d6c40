// Compiles the addon where the package lies. Imports nothing of lib: it must work where the addon is missing.
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { CommandModule } from 'yargs';

import { toolsFor, type BuildTools } from '../build-tools';
import { runToEnd } from '../children';
import type { Flags } from '../flags';

const root = join(__dirname, '..', '..', '..');

const works = (program: string, ...args: string[]): boolean => spawnSync(program, args, { stdio: 'ignore' }).status === 0;

const oldestCmake = [3, 20] as const;

function cmakeVersion(): string | undefined {
  return /version (\d+\.\d+\S*)/.exec(spawnSync('cmake', ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1];
}

function hasCompiler(): boolean {
  if (process.platform === 'win32') return true; // cmake finds Visual Studio, which is on no path
  return [process.env.CXX, 'c++', 'g++', 'clang++'].some((c) => c !== undefined && c !== '' && works(c, '--version'));
}

/** What is missing here, in words. */
function missing(): string[] {
  const found: string[] = [];
  const version = cmakeVersion();
  const [major = 0, minor = 0] = (version ?? '').split('.').map(Number);
  if (version === undefined) found.push('cmake');
  else if (major < oldestCmake[0] || (major === oldestCmake[0] && minor < oldestCmake[1])) found.push(`cmake ${oldestCmake.join('.')} (here is ${version})`);
  if (!hasCompiler()) found.push('a C++ compiler');
  if (process.platform !== 'win32' && !works('make', '--version') && !works('ninja', '--version')) found.push('make');
  return found;
}

const packagers: readonly (readonly [program: string, command: string])[] = [
  ['apt-get', 'sudo apt-get install -y cmake g++ make'],
  ['dnf', 'sudo dnf install -y cmake gcc-c++ make'],
  ['apk', 'apk add cmake g++ make linux-headers'],
  ['pacman', 'sudo pacman -S --needed cmake gcc make'],
  ['zypper', 'sudo zypper install -y cmake gcc-c++ make'],
];

/** How to get it on this machine. */
function remedy(): string {
  if (process.platform === 'darwin') return 'xcode-select --install, then brew install cmake';
  if (process.platform === 'win32') {
    return 'winget install Kitware.CMake, then winget install Microsoft.VisualStudio.2022.BuildTools --override "--add Microsoft.VisualStudio.Workload.VCTools --includeRecommended"';
  }
  return packagers.find(([program]) => works(program, '--version'))?.[1] ?? "install cmake, g++ and make with your system's packages";
}

function cmakeJs(tools: BuildTools, step: string, settings: readonly string[]): Promise<number> {
  // A folder of its own: build/ may hold a build of the core alone, made by another generator.
  const args = [tools.program, step, '--directory', root, '--out', join(root, 'build', 'node'), ...tools.settings, ...settings];
  const env = { ...process.env, CMAKE_BUILD_PARALLEL_LEVEL: process.env.CMAKE_BUILD_PARALLEL_LEVEL ?? String(availableParallelism()) };
  return runToEnd(process.execPath, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
}

const parts = { vulkan: 'VULKAN', cuda: 'CUDA', hip: 'HIP', mpi: 'MPI' } as const;

/** --vulkan: ON, --no-vulkan: OFF, neither: what the environment says, or where its tools are found. */
const chosen = (flag: unknown, part: string): string => (flag === undefined ? (process.env[`LLAMA_TS_${part}`] ?? 'AUTO') : flag === true ? 'ON' : 'OFF');

async function build(flags: Flags): Promise<void> {
  const lacking = missing();
  if (lacking.length > 0) throw new Error(`to compile, this machine lacks ${lacking.join(', ')}. To get it: ${remedy()}`);
  const tools = await toolsFor(root);
  const settings = [
    '--CDLLAMA_TS_ADDON=ON',
    `--CDLLAMA_TS_CHECK=${flags.check === true ? 'ON' : 'OFF'}`,
    `--CDLLAMA_TS_GPU_FACE=${flags.face === true && process.platform === 'linux' ? 'ON' : 'OFF'}`,
    // A newer compiler's warnings must not keep anybody from building. CI asks for errors, in all of its builds, as they share objects.
    `--CDLLAMA_TS_WERROR=${process.env.LLAMA_TS_WERROR ?? 'OFF'}`,
    '--CDLLAMA_TS_ISAS=all', // not what an earlier build in this folder was for
    ...Object.entries(parts).map(([flag, part]) => `--CDLLAMA_TS_${part}=${chosen(flags[flag], part)}`),
    ...((flags.define as readonly string[] | undefined) ?? []).map((setting) => `--CD${setting}`),
  ];
  for (const step of ['configure', 'build']) {
    if ((await cmakeJs(tools, step, settings)) !== 0) {
      throw new Error(
        `the ${step} step failed, see above. It needs cmake 3.20 or newer and a C++20 compiler (gcc 11, clang 14, Visual Studio 2022). To get them: ${remedy()}`,
      );
    }
  }
}

const command: CommandModule = {
  command: 'build',
  describe: 'compile the addon in place',
  builder: (yargs) =>
    yargs.options({
      vulkan: { type: 'boolean', describe: 'with Vulkan; --no-vulkan: without (default: where its tools are found, as for the next three)' },
      cuda: { type: 'boolean', describe: 'with CUDA' },
      hip: { type: 'boolean', describe: 'with ROCm', alias: 'rocm' },
      mpi: { type: 'boolean', describe: 'with MPI' },
      define: { type: 'string', array: true, requiresArg: true, alias: 'D', describe: 'NAME=VALUE: a setting for cmake; may be given several times' },
      check: { type: 'boolean', describe: 'the native checks as well (a clone of the repository has them)' },
      face: { type: 'boolean', describe: 'the GPU kernels compiled for the CPU as well, which the native checks then run (Linux)' },
    }),
  handler: (flags) => build(flags),
};

export default command;
