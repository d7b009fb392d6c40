// Q4_K: f16 d; f16 dmin; u8 scales[12]; u8 nibbles[128].
#include "backend/cpu/kernels/matmul/minimums.h"

namespace lt::cpu::LT_ISA {
namespace {

struct Q4_K {
  static constexpr int block_bytes = 144, code_offset = 16;
  [[maybe_unused]] static constexpr int most_code = 15;

  static void split(bytes packed, const uint8_t*, int, bytes& low, bytes& high) {
    low = and_bytes(packed, splat_byte(15)), high = high_nibbles(packed);
  }
#ifdef LT_ISA_NEON
  static void load_bits(bytes (&)[2], const uint8_t*) {}
  template <int j>
  static void split_two(bytes packed, bytes, bytes& low, bytes& high) {
    split(packed, nullptr, j, low, high);
  }
#endif
  [[maybe_unused]] static constexpr bool odd_twice = false;
  [[maybe_unused]] static void split_pair(bytes packed, const uint8_t* w, int j, bytes& low, bytes& high) {
    split(packed, w, j, low, high);
  }
  static void place(const bytes (&x)[4], const uint8_t* const*, size_t, int, bytes (&low)[4], bytes (&high)[4]) {
    for (int k = 0; k < 4; ++k) split(x[k], nullptr, 0, low[k], high[k]);
  }
};

}  // namespace

extern const MatmulKernel matmul_q4_k = {12, Format::q8_256, group_rows, BlocksWithMinimums<Q4_K>::run};

}  // namespace lt::cpu::LT_ISA
