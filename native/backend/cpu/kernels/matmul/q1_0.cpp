// Q1_0: f16 d; u8 bits[16]. Of 128 values, 1 or -1.
#include "backend/cpu/kernels/matmul/blocks32.h"

namespace lt::cpu::LT_ISA {
namespace {

#define LT_EIGHT(a) a, a, a, a, a, a, a, a
// The byte of each value: of the first sixteen values of each part, of the others.
alignas(64) constexpr uint8_t byte_of_bit[2][64] = {
    {LT_EIGHT(0), LT_EIGHT(1), LT_EIGHT(4), LT_EIGHT(5), LT_EIGHT(8), LT_EIGHT(9), LT_EIGHT(12), LT_EIGHT(13)},
    {LT_EIGHT(2), LT_EIGHT(3), LT_EIGHT(6), LT_EIGHT(7), LT_EIGHT(10), LT_EIGHT(11), LT_EIGHT(14), LT_EIGHT(15)},
};
#undef LT_EIGHT
alignas(16) constexpr uint8_t bit_of_eight[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
// Of the lower and the upper four bits of a byte.
alignas(16) constexpr uint8_t bit_of_four[2][16] = {
    {1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8},
    {16, 32, 64, 128, 16, 32, 64, 128, 16, 32, 64, 128, 16, 32, 64, 128},
};

struct SignBits : Nibbles<8> {
  static bytes code(bytes x, const uint8_t* bit) { return choose(x, repeat_quad(bit), splat_byte(9), splat_byte(7)); }

  static void halves(const uint8_t* w, int v, bytes& lo, bytes& hi) {
    const bytes x = repeat_quad(w);
    lo = code(lookup(x, load_bytes(byte_of_bit[0] + v * vector_bytes)), bit_of_eight);
    hi = code(lookup(x, load_bytes(byte_of_bit[1] + v * vector_bytes)), bit_of_eight);
  }
  static void unpack(uint8_t* q, int r, const uint8_t* const* rows, size_t offset_in_row, int part) {
    bytes x[4];
    load_columns(x, rows, offset_in_row);
    for (int k = 0; k < 8; ++k)
      store_bytes(q + (k * tile_rows + r) * vector_bytes, code(lookup(x[part], repeat_quad(copies[k / 2])), bit_of_four[k % 2]));
  }
};

struct Q1_0 {
  static constexpr int block_bytes = 18, code_offset = 2, parts = 4;
  static constexpr bool has_min = false;
  using Codes = SignBits;
  using Scales = Halfs;
};

}  // namespace

extern const MatmulKernel matmul_q1_0 = {41, Format::q8_32, group_rows, Blocks32<Q1_0>::run};

}  // namespace lt::cpu::LT_ISA
