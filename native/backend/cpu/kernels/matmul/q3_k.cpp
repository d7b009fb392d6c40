// Q3_K: u8 third bits[32]; u8 codes[64], two bits each; u8 scales[12], of six bits less 32; f16 d. Codes less 4. Of value 128h + 32n + l,
// the low bits are 2n of byte 32h + l, the third is 4h + n of byte l.
#include <utility>

#include "backend/cpu/kernels/matmul/sixteen_scales.h"
#ifdef LT_ISA_AVX512
#include "backend/cpu/kernels/matmul/q3_k_avx512.h"
#endif
#if defined(LT_ISA_AVX2) && !defined(LT_ISA_AVXVNNI)
#include "backend/cpu/kernels/matmul/q3_k_avx2.h"
#endif

namespace lt::cpu::LT_ISA {
namespace {

alignas(16) constexpr uint8_t codes_q3_k[16] = {28, 29, 30, 31, 32, 33, 34, 35};

struct Q3_K {
  static constexpr int block_bytes = 110, columns = 1;
  [[maybe_unused]] static constexpr int less = 2;  // not on AVX-512

  // Eight scales, a byte each: the low or the high nibbles of the first eight bytes, and two bits of the last four.
  static bytes scales(const uint8_t* w) {
    constexpr uint64_t bytes_of_1 = 0x0101010101010101;
    const uint64_t low = load32(w + 96) | uint64_t(load32(w + 100)) << 32, high = load32(w + 104);
    const auto eight = [&](uint64_t nibbles, uint64_t two) {
      const uint64_t six = (nibbles & 0x0f * bytes_of_1) | (two & 0x03 * bytes_of_1) << 4;
      return ((six | 0x80 * bytes_of_1) - 0x20 * bytes_of_1) ^ 0x80 * bytes_of_1;
    };
    return repeat_u64s(eight(low, high | high >> 2 << 32), eight(low >> 4, high >> 4 | high >> 6 << 32));
  }

  // third: the bit where it belongs in a code.
  static bytes code(bytes two, bytes third) { return and_bytes(select_bits(splat_byte(3), two, third), splat_byte(7)); }
  static void split(const uint8_t* w, int half, int v, bytes& low, bytes& high) {
    const uint8_t* two = w + 32 + 32 * half;
    low = code(shr_twice<0, 2>(two, v), half ? shr_twice<2, 3>(w, v) : shr_twice<-2, -1>(w, v));
    high = code(shr_twice<4, 6>(two, v), half ? shr_twice<4, 5>(w, v) : shr_twice<0, 1>(w, v));
  }

  template <class Put>
  static void unpack_scales(const uint8_t* const* rows, size_t offset, Put put) {
    bytes x[4];
    load_columns(x, rows, offset + 94);  // two bytes before the scales
    const auto joined = [&](int i) { return or_ints(shr_ints<16>(as_ints(x[i])), shl_ints<16>(as_ints(x[i + 1]))); };
    const ints first = joined(0), second = joined(1), high = joined(2);
    const auto four = [&](int i, ints low, ints two) {
      const ints s = or_ints(and_ints(low, splat_int(0x0f0f0f0f)), shl_ints<4>(and_ints(two, splat_int(0x03030303))));
      const auto one = [&](int j, ints shifted) { put(4 * i + j, add_ints(and_ints(shifted, splat_int(255)), splat_int(-32))); };
      one(0, s);
      one(1, shr_ints<8>(s));
      one(2, shr_ints<16>(s));
      one(3, shr_ints<24>(s));
    };
    four(0, first, high);
    four(1, second, shr_ints<2>(high));
    four(2, shr_ints<4>(first), shr_ints<4>(high));
    four(3, shr_ints<4>(second), shr_ints<6>(high));
  }

  template <int n>
  static bytes shifted(bytes x) {
    if constexpr (n < 0) return shl_words<-n>(x);
    if constexpr (n > 0) return shr_words<n>(x);
    return x;
  }
  template <int half, int n, class Put>
  static void place_run(const bytes (&two)[4], const bytes (&third)[4], Put put) {
    for (int k = 0; k < 4; ++k)
      put(n, k, lookup(repeat_quad(codes_q3_k), code(shifted<2 * n>(two[k]), shifted<4 * half + n - 2>(third[k]))));
  }
  template <class Put>
  static void place(const uint8_t* const* rows, size_t offset, int half, int c, Put put) {
    bytes two[4], third[4];
    load_columns(two, rows, offset + 32 + size_t(half) * 32 + size_t(c) * 16);
    load_columns(third, rows, offset + size_t(c) * 16);
    [&]<int... n>(std::integer_sequence<int, n...>) {
      half ? (place_run<1, n>(two, third, put), ...) : (place_run<0, n>(two, third, put), ...);
    }(std::make_integer_sequence<int, 4>());
  }
};

#ifdef LT_ISA_AVX512
struct RowsQ3K : SixteenScales<Q3_K> {
  template <int N, int T>
  static void blocks(float4 (&acc)[T], const uint8_t* w, const Quad256* x, int64_t quads_a_token) {
    blocks_q3_k<N, T>(acc, w, x, quads_a_token);
  }
};
using BlocksQ3K = Blocks256<RowsQ3K>;
#elif defined(LT_ISA_AVX2) && !defined(LT_ISA_AVXVNNI)
using RowsQ3K = SixteenScales<Q3_K>;
using FourQ3K = PairsOfSixteen<PairsQ3K>;
using BlocksQ3K = BlocksByPairs<Blocks256<RowsQ3K>, FourQ3K>;
#else
using RowsQ3K = SixteenScales<Q3_K>;
using BlocksQ3K = Blocks256<RowsQ3K>;
#endif

}  // namespace

extern const MatmulKernel matmul_q3_k = {11, Format::q8_256, group_rows, BlocksQ3K::run};

}  // namespace lt::cpu::LT_ISA
