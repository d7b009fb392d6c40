// Q6_K: u8 ql[128]; u8 qh[64]; i8 scales[16]; f16 d. Codes less 32.
#include "backend/cpu/kernels/matmul/sixteen_scales.h"

namespace lt::cpu::LT_ISA {
namespace {

struct Q6_K {
  static constexpr int block_bytes = 210, columns = 2;
  [[maybe_unused]] static constexpr int less = 5;

  // The codes of ql and of two bits of qh moved to bits 4 and 5.
#ifdef LT_ISA_NEON
  static bytes low_nibbles(bytes ql, bytes high) { return with_bits(and_bytes(ql, splat_byte(0x0f)), high, splat_byte(0x30)); }
  static bytes upper_nibbles(bytes ql, bytes high) { return with_bits(high_nibbles(ql), high, splat_byte(0x30)); }
#else
  static bytes low_nibbles(bytes ql, bytes high) { return or_bytes(and_bytes(ql, splat_byte(0x0f)), and_bytes(high, splat_byte(0x30))); }
  static bytes upper_nibbles(bytes ql, bytes high) { return low_nibbles(shr_words<4>(ql), high); }
#endif

  static bytes scales(const uint8_t* w) { return repeat_quad(w + 192); }

  static void split(const uint8_t* w, int half, int v, bytes& low, bytes& high) {
    const bytes ql = load_bytes(w + half * 64 + v * vector_bytes);
    bytes first, second;
    spread_pairs(w + 128 + half * 32, v, first, second);
    low = low_nibbles(ql, first), high = upper_nibbles(ql, second);
  }

  template <class Put>
  static void unpack_scales(const uint8_t* const* rows, size_t offset, Put put) {
    bytes x[4];
    load_columns(x, rows, offset + 192);
    for (int i = 0; i < 4; ++i) {
      const ints s = as_ints(x[i]);
      put(4 * i, sra_ints<24>(shl_ints<24>(s)));
      put(4 * i + 1, sra_ints<24>(shl_ints<16>(s)));
      put(4 * i + 2, sra_ints<24>(shl_ints<8>(s)));
      put(4 * i + 3, sra_ints<24>(s));
    }
  }

  template <class Put>
  static void place(const uint8_t* const* rows, size_t offset, int half, int c, Put put) {
    bytes l0[4], l1[4], h[4];
    load_columns(l0, rows, offset + size_t(half) * 64 + size_t(c) * 16);
    load_columns(l1, rows, offset + size_t(half) * 64 + 32 + size_t(c) * 16);
    load_columns(h, rows, offset + 128 + size_t(half) * 32 + size_t(c) * 16);
    for (int k = 0; k < 4; ++k) {
      put(0, k, low_nibbles(l0[k], shl_words<4>(h[k])));
      put(1, k, low_nibbles(l1[k], shl_words<2>(h[k])));
      put(2, k, upper_nibbles(l0[k], h[k]));
      put(3, k, upper_nibbles(l1[k], shr_words<2>(h[k])));
    }
  }
};

}  // namespace

extern const MatmulKernel matmul_q6_k = {14, Format::q8_256, group_rows, Blocks256<SixteenScales<Q6_K>>::run};

}  // namespace lt::cpu::LT_ISA
