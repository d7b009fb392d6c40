// TQ2_0: u8 codes[64], two bits each, less 1; f16 d. One scale for all; bits 2n of byte 32h + l are value 128h + 32n + l.
#include "backend/cpu/kernels/matmul/blocks256.h"

namespace lt::cpu::LT_ISA {
namespace {

alignas(16) constexpr uint8_t codes_tq2_0[16] = {31, 32, 33, 34};

struct TQ2_0 {
  static constexpr int block_bytes = 66, sub_blocks = 16, steps = 4, offset = 32, unpack_calls = 4;
  static constexpr uint16_t factor = 0x2c00;  // 1/16
  static constexpr bool has_min = false, folded = false;

  // Of block i and T tokens, `apart` bytes from one to the next: 16 times the sum of (code - 1) * q, as codes are multiplied where
  // spread_pairs leaves them, in bits 4 and 5.
  template <int T>
  static void one(const uint8_t* w, const Block256* x, int64_t apart, ints (*s)[4], int i) {
    const auto token = [&](int t) { return reinterpret_cast<const Block256*>(reinterpret_cast<const uint8_t*>(x) + t * apart); };
    for (int t = 0; t < T; ++t) s[t][i] = shl_ints<4>(dot_i8_i16(zero_ints(), splat_byte(1), token(t)->negative_sum16));
    const bytes mask = splat_byte(0x30);
    LT_UNROLL
    for (int j = 0; j < 2 * vectors_64; ++j) {
      const int half = j / vectors_64, v = j % vectors_64;
      bytes first, second;
      spread_pairs(w + half * 32, v, first, second);
      first = and_bytes(first, mask), second = and_bytes(second, mask);
      LT_UNROLL
      for (int t = 0; t < T; ++t) {
        const int8_t* q = token(t)->q + half * 128 + v * vector_bytes;
        s[t][i] = add_ints(s[t][i], sum_dots(dot(dot(zero_dots(), first, load_bytes(q)), second, load_bytes(q + 64))));
      }
    }
  }

  static uint16_t d_of(const uint8_t* w) { return load16(w + 64); }

  template <int N, int T>
  static void blocks(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token) {
    add_blocks<TQ2_0, N, T>(acc, w, x, quads_a_token, one<T>);
  }

  // Codes less 1 as codes less 32.
  static bytes code(bytes bits) { return lookup(repeat_quad(codes_tq2_0), and_bytes(bits, splat_byte(3))); }

  static void unpack(uint8_t* record, const uint8_t* const* rows, size_t offset_in_row, int r, Ahead& ahead) {
    using Record = Record256<TQ2_0>;
    bytes x[4];
    load_columns(x, rows, offset_in_row + 50);  // the last two bytes are d
    store_floats(reinterpret_cast<float*>(record + (Record::d + r) * vector_bytes), halfs_to_floats(shr_ints<16>(as_ints(x[3]))));
    for (int j = 0; j < sub_blocks; ++j) store_ints(Record::scale(record, j, r), scale_lanes(splat_int(1)));
    for (int c = 0; c < 4; ++c) {  // 16 bytes: of half c / 2, sub-blocks c % 2, c % 2 + 2, c % 2 + 4, c % 2 + 6
      ahead.next();
      load_columns(x, rows, offset_in_row + size_t(c) * 16);
      const int first = c / 2 * 8 + c % 2;
      for (int k = 0; k < 4; ++k) {
        store_bytes(Record::codes(record, first, k, r), code(x[k]));
        store_bytes(Record::codes(record, first + 2, k, r), code(shr_words<2>(x[k])));
        store_bytes(Record::codes(record, first + 4, k, r), code(shr_words<4>(x[k])));
        store_bytes(Record::codes(record, first + 6, k, r), code(shr_words<6>(x[k])));
      }
    }
  }
};

}  // namespace

extern const MatmulKernel matmul_tq2_0 = {35, Format::q8_256, group_rows, Blocks256<TQ2_0>::run};

}  // namespace lt::cpu::LT_ISA
