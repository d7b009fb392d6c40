// Q5_K: f16 d; f16 dmin; u8 scales[12]; u8 fifth bits[32]; u8 nibbles[128]. Bit k of byte l is that of value l of sub-block k.
#include "backend/cpu/kernels/matmul/minimums.h"

namespace lt::cpu::LT_ISA {
namespace {

struct Q5_K {
  static constexpr int block_bytes = 176, code_offset = 48;
  [[maybe_unused]] static constexpr int most_code = 31;

  // Bit 0 of `bits`, or 4 where `upper`, is the fifth of the low nibble, the bit above it that of the high one.
  static void add_fifth(bytes packed, bytes bits, bool upper, bytes& low, bytes& high) {
    const bytes nibble = splat_byte(15), fifth = splat_byte(16);
#ifdef LT_ISA_NEON
    low = with_bits(and_bytes(packed, nibble), upper ? bits : shl_words<4>(bits), fifth);
    high = with_bits(high_nibbles(packed), upper ? shr_words<1>(bits) : shl_words<3>(bits), fifth);
#else
    low = or_bytes(and_bytes(packed, nibble), and_bytes(upper ? bits : shl_words<4>(bits), fifth));
    high = or_bytes(and_bytes(shr_words<4>(packed), nibble), and_bytes(upper ? shr_words<1>(bits) : shl_words<3>(bits), fifth));
#endif
  }
  static void split(bytes packed, const uint8_t* w, int j, bytes& low, bytes& high) {
    bytes first, second;
    spread_pairs(w + 16, j % vectors_64, first, second);
    add_fifth(packed, second, j / vectors_64 == 1, low, high);
  }
#ifdef LT_ISA_NEON
  static void load_bits(bytes (&bits)[2], const uint8_t* w) {
    for (int v = 0; v < 2; ++v) bits[v] = load_bytes(w + 16 + 16 * v);
  }
  template <int j>
  static void split_two(bytes packed, bytes bits, bytes& low, bytes& high) {
    if constexpr (j == 1 || j == 3) bits = shr_words<2>(bits);
    add_fifth(packed, bits, j >= 2, low, high);
  }
#endif
  // The codes of sub-blocks 2 j and 2 j + 1, the latter twice themselves: so the fifth bits of both need one shift.
  [[maybe_unused]] static constexpr bool odd_twice = true;
  [[maybe_unused]] static void split_pair(bytes packed, const uint8_t* w, int j, bytes& low, bytes& high) {
    const bytes bits = load_bytes(w + 16);
    const bytes fifth = j == 0 ? shl_words<4>(bits) : j == 1 ? shl_words<2>(bits) : j == 2 ? bits : shr_words<2>(bits);
    low = or_bytes(and_bytes(packed, splat_byte(15)), and_bytes(fifth, splat_byte(16)));
    high = or_bytes(and_bytes(shr_words<3>(packed), splat_byte(30)), and_bytes(fifth, splat_byte(32)));
  }
  static void place(const bytes (&x)[4], const uint8_t* const* rows, size_t offset_in_row, int c, bytes (&low)[4], bytes (&high)[4]) {
    bytes bits[4];
    load_columns(bits, rows, offset_in_row + 16 + size_t(c) % 2 * 16);
    for (int k = 0; k < 4; ++k) add_fifth(x[k], c / 2 % 2 ? shr_words<2>(bits[k]) : bits[k], c >= 4, low[k], high[k]);
  }
};

}  // namespace

extern const MatmulKernel matmul_q5_k = {13, Format::q8_256, group_rows, BlocksWithMinimums<Q5_K>::run};

}  // namespace lt::cpu::LT_ISA
