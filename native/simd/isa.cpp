#include "simd/isa.h"

#if defined(_MSC_VER) && defined(_M_X64)  // mingw defines the latter too
#include <intrin.h>
#elif defined(__x86_64__)
#include <cpuid.h>
#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__linux__) && defined(__aarch64__)
#include <sys/auxv.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace lt::simd {
namespace {

#if defined(_MSC_VER) && defined(_M_X64)  // mingw defines the latter too
bool bits(int leaf, int reg, unsigned wanted) {
  int r[4];
  __cpuidex(r, leaf, 0);
  return (static_cast<unsigned>(r[reg]) & wanted) == wanted;
}
bool state(unsigned long long wanted) { return bits(1, 2, 1u << 27) && (_xgetbv(0) & wanted) == wanted; }
bool runs_avx2() { return state(6) && bits(1, 2, 1u << 12 | 1u << 29) && bits(7, 1, 1u << 5 | 1u << 8); }
bool runs_avx512() { return runs_avx2() && state(0xe6) && bits(7, 1, 1u << 16 | 1u << 17 | 1u << 30 | 1u << 31) && bits(7, 2, 1u << 11); }
bool runs_bf16() {
  int r[4];
  __cpuidex(r, 7, 1);
  return (r[0] >> 5 & 1) != 0;
}
bool runs_avxvnni() {
  int r[4];
  __cpuidex(r, 7, 1);
  return runs_avx2() && (r[0] >> 4 & 1) != 0;
}
bool runs_vbmi() { return bits(7, 2, 1u << 1); }
#elif defined(__x86_64__)
bool runs_vbmi() { return __builtin_cpu_supports("avx512vbmi"); }
bool runs_bf16() { return __builtin_cpu_supports("avx512bf16"); }
bool runs_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c") &&
         __builtin_cpu_supports("bmi2");
}
bool runs_avx512() {
  return runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni");
}
// Leaf 7, subleaf 1, bit 4 of EAX: compilers of two years ago have no name for it.
bool runs_avxvnni() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  return runs_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a >> 4 & 1) != 0;
}
#endif

// Linux gives a process the state of tiles, 8 KB a thread, when it asks (from 5.16 on; threads begun later have it too).
#if defined(__linux__) && defined(__x86_64__)
bool runs_amx() {
  constexpr unsigned tile = 1u << 24, int8 = 1u << 25, states = 3u << 17;  // of leaf 7; of XCR0
  constexpr long request = 0x1023, tile_data = 18;                         // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  unsigned a, b, c, d;
  if (!runs_avx512() || !__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & (tile | int8)) != (tile | int8)) return false;
  __asm__("xgetbv" : "=a"(a), "=d"(d) : "c"(0));  // AVX-512 needs that there is one
  return (a & states) == states && syscall(SYS_arch_prctl, request, tile_data) == 0;
}
#endif

}  // namespace

bool runs(std::string_view isa) {
#if defined(__x86_64__) || defined(_M_X64)
  if (isa == "avx512") return runs_avx512();
#ifdef LT_VNNI_OF_AVX512
  if (isa == "avxvnni") return runs_avx512();
#endif
  if (isa == "avxvnni") return runs_avxvnni();
  if (isa == "avx2") return runs_avx2();
#elif defined(__linux__) && defined(__aarch64__)
  constexpr unsigned long asimdhp = 1ul << 10, asimddp = 1ul << 20;
  if (isa == "i8mm") return runs("neon") && (getauxval(AT_HWCAP2) & 1ul << 13) != 0;
  if (isa == "neon") return (getauxval(AT_HWCAP) & (asimdhp | asimddp)) == (asimdhp | asimddp);
#elif defined(__APPLE__) || defined(_M_ARM64)
#ifdef __APPLE__
  int has = 0;
  size_t size = sizeof has;
  if (isa == "i8mm") return sysctlbyname("hw.optional.arm.FEAT_I8MM", &has, &size, nullptr, 0) == 0 && has != 0;
#endif
  if (isa == "neon") return true;  // every Mac and every Windows machine on ARM that Node runs on
#endif
  return isa == "portable";
}

bool dots_bf16() {
#if defined(__x86_64__) || defined(_M_X64)
  return runs_avx512() && runs_bf16();
#else
  return false;
#endif
}

bool permutes_bytes() {
#if defined(__x86_64__) || defined(_M_X64)
  return runs_avx512() && runs_vbmi();
#else
  return false;
#endif
}

bool multiplies_tiles() {
#if defined(__linux__) && defined(__x86_64__)
  static const bool may = runs_amx();
  return may;
#else
  return false;
#endif
}

}  // namespace lt::simd
