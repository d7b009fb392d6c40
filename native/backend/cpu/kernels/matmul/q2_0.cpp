// Q2_0: f16 d; u8 codes[16], two bits each, less 1. Of 64 values, four in a byte.
#include "backend/cpu/kernels/matmul/blocks32.h"

namespace lt::cpu::LT_ISA {
namespace {

#define LT_FOURS(a) a, a, a, a, a + 1, a + 1, a + 1, a + 1, a + 2, a + 2, a + 2, a + 2, a + 3, a + 3, a + 3, a + 3
// The byte of each value: of the first sixteen values of each part, of the others.
alignas(64) constexpr uint8_t byte_of_pair[2][64] = {
    {LT_FOURS(0), LT_FOURS(8), LT_FOURS(0), LT_FOURS(8)},
    {LT_FOURS(4), LT_FOURS(12), LT_FOURS(4), LT_FOURS(12)},
};
#undef LT_FOURS
// What of a byte, and of its upper half, names a value: one or four times its code.
alignas(16) constexpr uint8_t lower_pairs[16] = {3, 12, 0, 0, 3, 12, 0, 0, 3, 12, 0, 0, 3, 12, 0, 0};
alignas(16) constexpr uint8_t upper_pairs[16] = {0, 0, 3, 12, 0, 0, 3, 12, 0, 0, 3, 12, 0, 0, 3, 12};
// Codes less 1 as codes less 8.
alignas(16) constexpr uint8_t codes_q2_0[16] = {7, 8, 9, 10, 8, 0, 0, 0, 9, 0, 0, 0, 10};

struct BitPairs : Nibbles<8> {
  // Of bytes that are there four times.
  static bytes code(bytes x) {
    const bytes pairs = or_bytes(and_bytes(x, repeat_quad(lower_pairs)), and_bytes(shr_words<4>(x), repeat_quad(upper_pairs)));
    return lookup(repeat_quad(codes_q2_0), pairs);
  }

  static void halves(const uint8_t* w, int v, bytes& lo, bytes& hi) {
    const uint8_t* part[4 * quads];
    for (int i = 0; i < quads; ++i) part[4 * i] = w + (v * quads + i) / 2 * 18;
    const bytes x = load_quad_rows(part, 0);
    lo = code(lookup(x, load_bytes(byte_of_pair[0] + v * vector_bytes)));
    hi = code(lookup(x, load_bytes(byte_of_pair[1] + v * vector_bytes)));
  }
  static void unpack(uint8_t* q, int r, const uint8_t* const* rows, size_t offset_in_row, int part) {
    bytes x[4];
    load_columns(x, rows, offset_in_row);
    for (int k = 0; k < 8; ++k)
      store_bytes(q + (k * tile_rows + r) * vector_bytes, code(lookup(x[2 * part + k / 4], repeat_quad(copies[k % 4]))));
  }
};

struct Q2_0 {
  static constexpr int block_bytes = 18, code_offset = 2, parts = 2;
  static constexpr bool has_min = false;
  using Codes = BitPairs;
  using Scales = Halfs;
};

}  // namespace

extern const MatmulKernel matmul_q2_0 = {42, Format::q8_32, group_rows, Blocks32<Q2_0>::run};

}  // namespace lt::cpu::LT_ISA
