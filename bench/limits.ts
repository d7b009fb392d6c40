// The machine's limits, measured by peak.cpp, which is compiled on first use.
import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Limits {
  readGBs: number; // bytes read from memory, 10^9 a second
  int8Gops: number; // 8-bit integer dot products: multiply and add, 10^9 a second
  fmaGflops: number; // float fused multiply-adds, counted as two
  bf16Gflops: number; // those of BF16, by the instruction for them where there is one
}

export function measureLimits(folder: string, threads: number): Limits | undefined {
  const source = join(__dirname, '..', '..', 'peak.cpp');
  const program = join(folder, process.platform === 'win32' ? 'peak.exe' : 'peak');
  try {
    if (!existsSync(program) || statSync(program).mtimeMs < statSync(source).mtimeMs) {
      execFileSync(process.env.CXX ?? 'c++', ['-O2', '-std=c++20', '-pthread', source, '-o', program], { stdio: 'inherit' });
    }
    return JSON.parse(execFileSync(program, [String(threads)], { encoding: 'utf8' })) as Limits;
  } catch (error) {
    console.error(`The machine's limits are not measured: ${error instanceof Error ? error.message.split('\n')[0] : error}`);
    return undefined;
  }
}
