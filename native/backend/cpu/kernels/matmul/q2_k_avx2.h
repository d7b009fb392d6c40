// Q2_K on AVX2.
#pragma once
#include "backend/cpu/kernels/matmul/sixteen_pairs_avx2.h"

namespace lt::cpu::LT_ISA {

struct PairsQ2K {
  static constexpr int block_bytes = 84, d_at = 80, dmin_at = 82, less16 = 0;
  static constexpr bool has_min = true;

  static bytes scales(const uint8_t* a, const uint8_t* b) { return and_bytes(join_quads(a, b), splat_byte(15)); }
  static bytes minimums(const uint8_t* a, const uint8_t* b) { return and_bytes(shr_words<4>(join_quads(a, b)), splat_byte(15)); }

  static void codes(const uint8_t* w, int half, bytes (&code)[4]) {
    const bytes four = load_bytes(w + 16 + 32 * half);
    code[0] = and_bytes(four, splat_byte(0x03)), code[1] = and_bytes(four, splat_byte(0x0c));
    code[2] = and_bytes(four, splat_byte(0x30)), code[3] = and_bytes(shr_words<2>(four), splat_byte(0x30));
  }
};

}  // namespace lt::cpu::LT_ISA
