// Measures what the machine can do at most, for fractions of it: bytes read from memory, 8-bit integer multiply-adds, float
// fused multiply-adds, those of BF16, per number of threads. Prints one JSON line. Usage: peak THREADS
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif
#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define PEAK_X86 1
#endif

namespace {

using Clock = std::chrono::steady_clock;
std::atomic<int64_t> sink;  // so that no loop is dropped

#ifdef PEAK_X86
bool has_avx512() {
  return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512f");
}
bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

// `streams` places of the memory read in turns: some machines read one stream fastest, some eight.
__attribute__((target("avx512f"))) void read_avx512(const uint8_t* p, size_t bytes, size_t streams) {
  const size_t each = bytes / streams;
  __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a;
  for (size_t i = 0; i < each; i += 256) {
    for (size_t s = 0; s < streams; s++) {
      const uint8_t* at = p + s * each + i;
      a = _mm512_xor_si512(a, _mm512_loadu_si512(at));
      b = _mm512_xor_si512(b, _mm512_loadu_si512(at + 64));
      c = _mm512_xor_si512(c, _mm512_loadu_si512(at + 128));
      d = _mm512_xor_si512(d, _mm512_loadu_si512(at + 192));
    }
  }
  sink += _mm_cvtsi128_si64(_mm512_castsi512_si128(_mm512_xor_si512(_mm512_xor_si512(a, b), _mm512_xor_si512(c, d))));
}

// Twelve accumulators hide the latency of two instructions a cycle. Written in assembly, so that they stay in registers.
#define TWELVE(one) one(0) one(1) one(2) one(3) one(4) one(5) one(6) one(7) one(8) one(9) one(10) one(11)
#define CLOBBERED(r) r "0", r "1", r "2", r "3", r "4", r "5", r "6", r "7", r "8", r "9", r "10", r "11", r "12", r "13", r "14", r "15"

#define DOT_512(i) "vpdpbusd %%zmm12, %%zmm13, %%zmm" #i "\n"
__attribute__((target("avx512f,avx512vnni"))) double dots_avx512(int64_t rounds) {
  for (int64_t r = 0; r < rounds; r++) __asm__ volatile(TWELVE(DOT_512)::: CLOBBERED("xmm"));
  return 12.0 * 64 * 2 * static_cast<double>(rounds);
}

// Three instructions for what is one above.
#define DOT_256(i) "vpmaddubsw %%ymm12, %%ymm13, %%ymm15\nvpmaddwd %%ymm14, %%ymm15, %%ymm15\nvpaddd %%ymm15, %%ymm" #i ", %%ymm" #i "\n"
__attribute__((target("avx2"))) double dots_avx2(int64_t rounds) {
  for (int64_t r = 0; r < rounds; r++) __asm__ volatile(TWELVE(DOT_256)::: CLOBBERED("xmm"));
  return 12.0 * 32 * 2 * static_cast<double>(rounds);
}

#define FMA_512(i) "vfmadd231ps %%zmm12, %%zmm13, %%zmm" #i "\n"
__attribute__((target("avx512f"))) double fmas_avx512(int64_t rounds) {
  __asm__ volatile("vpxord %%zmm12, %%zmm12, %%zmm12\nvpxord %%zmm13, %%zmm13, %%zmm13\n" ::: CLOBBERED("xmm"));
  for (int64_t r = 0; r < rounds; r++) __asm__ volatile(TWELVE(FMA_512)::: CLOBBERED("xmm"));
  return 12.0 * 16 * 2 * static_cast<double>(rounds);
}

// Two products a lane.
#define BF16_512(i) "vdpbf16ps %%zmm12, %%zmm13, %%zmm" #i "\n"
__attribute__((target("avx512f,avx512bf16"))) double bf16s_avx512(int64_t rounds) {
  __asm__ volatile("vpxord %%zmm12, %%zmm12, %%zmm12\nvpxord %%zmm13, %%zmm13, %%zmm13\n" ::: CLOBBERED("xmm"));
  for (int64_t r = 0; r < rounds; r++) __asm__ volatile(TWELVE(BF16_512)::: CLOBBERED("xmm"));
  return 12.0 * 32 * 2 * static_cast<double>(rounds);
}

#define FMA_256(i) "vfmadd231ps %%ymm12, %%ymm13, %%ymm" #i "\n"
__attribute__((target("avx2,fma"))) double fmas_avx2(int64_t rounds) {
  __asm__ volatile("vpxor %%ymm12, %%ymm12, %%ymm12\nvpxor %%ymm13, %%ymm13, %%ymm13\n" ::: CLOBBERED("xmm"));
  for (int64_t r = 0; r < rounds; r++) __asm__ volatile(TWELVE(FMA_256)::: CLOBBERED("xmm"));
  return 12.0 * 8 * 2 * static_cast<double>(rounds);
}
#elif defined(__aarch64__)
#define TWELVE(one) one(0) one(1) one(2) one(3) one(4) one(5) one(6) one(7) one(16) one(17) one(18) one(19)
#define CLOBBERED "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18", "v19", "v20", "v21"

#define FMA_NEON(i) "fmla v" #i ".4s, v20.4s, v21.4s\n"
double fmas_neon(int64_t rounds) {
  __asm__ volatile("movi v20.4s, #0\nmovi v21.4s, #0\n" ::: CLOBBERED);
  for (int64_t r = 0; r < rounds; r++) __asm__ volatile(TWELVE(FMA_NEON)::: CLOBBERED);
  return 12.0 * 4 * 2 * static_cast<double>(rounds);
}

#define DOT_NEON(i) "sdot v" #i ".4s, v20.16b, v21.16b\n"
__attribute__((target("arch=armv8.2-a+dotprod"))) double dots_neon(int64_t rounds) {
  for (int64_t r = 0; r < rounds; r++) __asm__ volatile(TWELVE(DOT_NEON)::: CLOBBERED);
  return 12.0 * 16 * 2 * static_cast<double>(rounds);
}
#endif

void read_plain(const uint8_t* p, size_t bytes, size_t streams) {
  uint64_t a = 0, b = 0, c = 0, d = 0;
  const size_t each = bytes / streams / 8;
  for (size_t i = 0; i < each; i += 4) {
    for (size_t s = 0; s < streams; s++) {
      const auto* q = reinterpret_cast<const uint64_t*>(p) + s * each + i;
      a ^= q[0], b ^= q[1], c ^= q[2], d ^= q[3];
    }
  }
  sink += static_cast<int64_t>(a ^ b ^ c ^ d);
}

void read_best(const uint8_t* p, size_t bytes, size_t streams) {
#ifdef PEAK_X86
  if (has_avx512()) return read_avx512(p, bytes, streams);
#endif
  read_plain(p, bytes, streams);
}

double dots_best(int64_t rounds) {
#ifdef PEAK_X86
  if (has_avx512()) return dots_avx512(rounds);
  if (has_avx2()) return dots_avx2(rounds);
  return 0;
#elif defined(__aarch64__)
  return dots_neon(rounds);
#else
  return 0;
#endif
}

double fmas_best(int64_t rounds) {
#ifdef PEAK_X86
  if (has_avx512()) return fmas_avx512(rounds);
  if (has_avx2()) return fmas_avx2(rounds);
  return 0;
#elif defined(__aarch64__)
  return fmas_neon(rounds);
#else
  return 0;
#endif
}

// Where there is no instruction for it, BF16 is multiplied as floats are.
double bf16s_best(int64_t rounds) {
#ifdef PEAK_X86
  if (has_avx512() && __builtin_cpu_supports("avx512bf16")) return bf16s_avx512(rounds);
#endif
  return fmas_best(rounds);
}

// The best of `repeats` runs of `work` (thread -> amount) on all threads at once, per second.
double best_rate(int threads, int repeats, const std::function<double(int)>& work) {
  double best = 0;
  for (int r = 0; r < repeats; r++) {
    std::vector<double> amounts(static_cast<size_t>(threads));
    std::vector<std::thread> others;
    const auto start = Clock::now();
    for (int t = 1; t < threads; t++) others.emplace_back([&, t] { amounts[static_cast<size_t>(t)] = work(t); });
    amounts[0] = work(0);
    for (std::thread& o : others) o.join();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    double sum = 0;
    for (const double a : amounts) sum += a;
    best = sum / seconds > best ? sum / seconds : best;
  }
  return best;
}

}  // namespace

int main(int argc, char** argv) {
  const int threads = argc > 1 ? std::atoi(argv[1]) : 1;
  if (threads < 1 || threads > 1024) return 2;
  const size_t each = (size_t{512} << 20) / static_cast<size_t>(threads) & ~size_t{0xffff};
  const size_t bytes = each * static_cast<size_t>(threads);
  auto* memory = static_cast<uint8_t*>(std::aligned_alloc(size_t{1} << 21, size_t{512} << 20));
  if (memory == nullptr) return 3;
#ifdef __linux__
  madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  std::memset(memory, 1, bytes);
  double read = 0;
  for (const size_t streams : {1, 4, 8}) {
    const double rate = best_rate(threads, 5, [&](int t) {
      read_best(memory + each * static_cast<size_t>(t), each, streams);
      return static_cast<double>(each);
    });
    read = rate > read ? rate : read;
  }
  const int64_t rounds = 4'000'000;
  const double dots = best_rate(threads, 5, [&](int) { return dots_best(rounds); });
  const double fmas = best_rate(threads, 5, [&](int) { return fmas_best(rounds); });
  const double bf16s = best_rate(threads, 5, [&](int) { return bf16s_best(rounds); });
  std::printf("{\"threads\":%d,\"readGBs\":%.2f,\"int8Gops\":%.1f,\"fmaGflops\":%.1f,\"bf16Gflops\":%.1f}\n", threads, read / 1e9,
              dots / 1e9, fmas / 1e9, bf16s / 1e9);
  return 0;
}
