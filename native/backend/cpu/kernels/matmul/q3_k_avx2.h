// Q3_K on AVX2.
#pragma once
#include "backend/cpu/kernels/matmul/sixteen_pairs_avx2.h"

namespace lt::cpu::LT_ISA {

alignas(16) constexpr uint8_t nibbles_q3_k[16] = {2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5, 6, 7, 8, 9};
alignas(16) constexpr uint8_t upper_bits_q3_k[16] = {10, 11, 12, 13, 10, 11, 12, 13, 10, 11, 12, 13, 10, 11, 12, 13};

struct PairsQ3K {
  static constexpr int block_bytes = 110, d_at = 108, dmin_at = 0, less16 = 6;
  static constexpr bool has_min = false;

  static bytes scales(const uint8_t* a, const uint8_t* b) {
    const bytes packed = join_quads(a + 94, b + 94);  // two bytes before the scales
    const bytes low = _mm256_srlv_epi64(lookup(packed, repeat_quad(nibbles_q3_k)), _mm256_setr_epi64x(0, 4, 0, 4));
    const bytes up = _mm256_sllv_epi32(lookup(packed, repeat_quad(upper_bits_q3_k)), _mm256_setr_epi32(4, 2, 0, 0, 4, 2, 0, 0));
    const bytes high = _mm256_srlv_epi32(up, _mm256_setr_epi32(0, 0, 0, 2, 0, 0, 0, 2));
    return add_bytes(or_bytes(and_bytes(low, splat_byte(0x0f)), and_bytes(high, splat_byte(0x30))), splat_byte(-32));
  }

  // Third bits are joined above the two bits where they lie, or where those of run 3 are moved to.
  static void codes(const uint8_t* w, int half, bytes (&code)[4]) {
    const bytes two = load_bytes(w + 32 + 32 * half), third = load_bytes(w);
    const auto joined = [&](bytes low, int mask, bytes high, int bit) {
      return or_bytes(and_bytes(low, splat_byte(mask)), and_bytes(high, splat_byte(bit)));
    };
    const bytes odd = half ? shr_words<1>(third) : shl_words<3>(third);
    code[0] = joined(two, 0x03, half ? shr_words<2>(third) : shl_words<2>(third), 0x04);
    code[1] = joined(two, 0x0c, odd, 0x10);
    code[2] = joined(two, 0x30, half ? third : shl_words<4>(third), 0x40);
    code[3] = joined(shr_words<2>(two), 0x30, odd, 0x40);
  }
};

}  // namespace lt::cpu::LT_ISA
