// Runs every `ts` and `sh` fence of the README and docs, in a folder where model.gguf is the small story model and my-model a folder.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { transpileModule, ModuleKind, ScriptTarget } from 'typescript';
import { writeTinyFolder } from './fixtures/tiny-folder';

const root = join(__dirname, '..');
const pages = ['README.md', ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((n) => n.endsWith('.md')).map((n) => join('docs', n))];

interface Fence {
  language: string;
  text: string;
  line: number;
}

function fences(page: string): Fence[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((m) => ({
    language: m[1] ?? '',
    text: m[2] ?? '',
    line: text.slice(0, m.index).split('\n').length,
  }));
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'llama-ts-docs-'));
  cpSync(join(root, 'models', 'story-Q8_0.gguf'), join(folder, 'model.gguf'));
  writeTinyFolder(join(folder, 'my-model'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'llama-ts'), 'junction');
});
afterAll(() => rmSync(folder, { recursive: true }));

function runScript(text: string): void {
  const { outputText } = transpileModule(text, { compilerOptions: { module: ModuleKind.ES2022, target: ScriptTarget.ES2022 } });
  execFileSync(process.execPath, ['--input-type=module', '-e', outputText], { cwd: folder, stdio: 'pipe', timeout: 60_000 });
}

const program = (name: string): string => `"${process.execPath}" "${join(root, 'dist', 'bin', `${name}.js`)}" `;

// `npm ...` and the like set a machine up: the test command itself is one of them.
function runShell(text: string): void {
  for (const line of text.split('\n').filter((l) => l !== '' && !/^(npm|npx|cmake|nix|docker) /.test(l))) {
    execFileSync('sh', ['-c', line.replace(/(?<=^|[|&;] ?)(llama-ts|llama-quantize) (?=[a-z-])/g, (_, name: string) => program(name))], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
  }
}

for (const page of pages) {
  const found = fences(page).filter((f) => f.language === 'ts' || f.language === 'sh');
  if (found.length === 0) continue;
  describe(page, () => {
    for (const { language, text, line } of found) {
      const runnable = language === 'ts' || process.platform !== 'win32' ? test : test.skip;
      runnable(`line ${line}`, () => (language === 'ts' ? runScript(text) : runShell(text)));
    }
  });
}
