// Types with code books on AVX2, a row by itself: points are loaded into vectors and multiplied at once.
//
// LookedUp<C> gives, of a type of books.h: header(to, w), which fills signs and scales, and indices where bits of them are apart; and
// codes(to, w, j), the sizes of the 32 values from 32 j on.
#pragma once
#include <immintrin.h>

#include <array>

#include "backend/cpu/kernels/matmul/blocks256.h"
#include "backend/cpu/kernels/matmul/books.h"

namespace lt::cpu::LT_ISA {

struct BookHeader {
  alignas(32) uint16_t index[64];
  alignas(32) uint8_t signs[32];   // a bit a value
  alignas(16) uint8_t scales[16];  // of sixteen values
};

inline int4 two_points(const uint64_t& a, const uint64_t& b) {
  const __m128 low = _mm_castsi128_ps(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(&a)));
  return _mm_castps_si128(_mm_loadh_pi(low, reinterpret_cast<const __m64*>(&b)));
}
inline bytes join_int4(int4 a, int4 b) { return _mm256_inserti128_si256(_mm256_castsi128_si256(a), b, 1); }
// Points of eight values, of which index(i) is that of number i.
template <class F>
inline bytes four_points(const uint64_t* book, F index) {
  return join_int4(two_points(book[index(0)], book[index(1)]), two_points(book[index(2)], book[index(3)]));
}
// The same of four values.
template <class F>
inline bytes eight_points(const uint32_t* book, F index) {
  const auto four = [&](int i) {
    int4 v = _mm_cvtsi32_si128(int(book[index(i)]));
    v = _mm_insert_epi32(v, int(book[index(i + 1)]), 1);
    v = _mm_insert_epi32(v, int(book[index(i + 2)]), 2);
    return _mm_insert_epi32(v, int(book[index(i + 3)]), 3);
  };
  return join_int4(four(0), four(4));
}

// Of seven bits a byte: with the eighth, which makes their number even.
inline bytes with_eighth(bytes seven) {
  const bytes odd = _mm256_setr_epi64x(int64_t(0x8000008000808000), 0x0080800080000080, int64_t(0x8000008000808000), 0x0080800080000080);
  const bytes both = _mm256_xor_si256(seven, shr_words<4>(seven));
  return or_bytes(seven, lookup(odd, and_bytes(both, splat_byte(15))));
}

// signs_and_scales of books.h.
inline void read_signs_and_scales(BookHeader& to, ints rest) {
  const ints seven = or_ints(or_ints(and_ints(rest, splat_int(0x7f)), and_ints(shl_ints<1>(rest), splat_int(0x7f00))),
                             or_ints(and_ints(shl_ints<2>(rest), splat_int(0x7f0000)), and_ints(shl_ints<3>(rest), splat_int(0x7f000000))));
  store_bytes(to.signs, with_eighth(as_bytes(seven)));
  const ints s = shr_ints<28>(rest), twice = or_ints(s, shl_ints<8>(s));
  const int4 words = _mm_packus_epi32(_mm256_castsi256_si128(twice), _mm256_extracti128_si256(twice, 1));
  _mm_store_si128(reinterpret_cast<__m128i*>(to.scales), _mm_add_epi8(_mm_add_epi8(words, words), _mm_set1_epi8(1)));
}

// The nibbles of the lower eight bytes, 2 s + 1 of each.
inline int4 odd_nibbles(int4 packed) {
  const int4 mask = _mm_set1_epi8(15), low = _mm_and_si128(packed, mask), high = _mm_and_si128(_mm_srli_epi16(packed, 4), mask);
  const int4 s = _mm_unpacklo_epi8(low, high);
  return _mm_add_epi8(_mm_add_epi8(s, s), _mm_set1_epi8(1));
}

template <class C>
struct LookedUp;

template <>
struct LookedUp<IQ2_XXS> {
  static void header(BookHeader& to, const uint8_t* w) {
    const __m256 a = _mm256_loadu_ps(reinterpret_cast<const float*>(w + 2)), b = _mm256_loadu_ps(reinterpret_cast<const float*>(w + 34));
    read_signs_and_scales(to, _mm256_permute4x64_epi64(_mm256_castps_si256(_mm256_shuffle_ps(a, b, 0xdd)), 0xd8));
  }
  static bytes codes(const BookHeader&, const uint8_t* w, int j) {
    return four_points(points.iq2_xxs, [&](int i) { return w[2 + 8 * j + i]; });
  }
};

template <>
struct LookedUp<IQ2_XS> {
  static void header(BookHeader& to, const uint8_t* w) {
    const bytes a = load_bytes(w + 2), b = load_bytes(w + 34), nine = _mm256_set1_epi16(511);
    store_bytes(to.index, and_bytes(a, nine));
    store_bytes(to.index + 16, and_bytes(b, nine));
    const auto seven = [](bytes q) { return _mm256_srli_epi16(q, 9); };
    store_bytes(to.signs, with_eighth(_mm256_permute4x64_epi64(_mm256_packus_epi16(seven(a), seven(b)), 0xd8)));
    _mm_store_si128(reinterpret_cast<__m128i*>(to.scales), odd_nibbles(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(w + 66))));
  }
  static bytes codes(const BookHeader& h, const uint8_t*, int j) {
    return four_points(points.iq2_xs, [&](int i) { return h.index[4 * j + i]; });
  }
};

// Byte i / each for word i of sixteen.
template <int each>
alignas(32) constexpr std::array<uint8_t, 32> byte_of_word = [] {
  std::array<uint8_t, 32> index{};
  for (size_t i = 0; i < 32; ++i) index[i] = static_cast<uint8_t>(i % 2 ? 255 : i / 2 / each);
  return index;
}();

// Low bytes with the bits above them, of `each` words in one byte of `high`, from where factors move them to those of the mask.
template <int each, int count>
inline void join_indices(uint16_t* to, const uint8_t* low, uint64_t high, bytes factors, int16_t mask) {
  const bytes which = load_bytes(byte_of_word<each>.data());
  LT_UNROLL
  for (int i = 0; i < count; i += 16) {
    const bytes bits = lookup(repeat_u64(high >> i / each * 8), which);
    const bytes above = and_bytes(mul_words(bits, factors), _mm256_set1_epi16(mask));
    store_bytes(to + i, or_bytes(above, _mm256_cvtepu8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(low + i)))));
  }
}

template <>
struct LookedUp<IQ2_S> {
  static void header(BookHeader& to, const uint8_t* w) {
    join_indices<4, 32>(to.index, w + 2, read<uint64_t>(w + 66), _mm256_set1_epi64x(0x0004001000400100), 0x300);
    store_bytes(to.signs, load_bytes(w + 34));
    _mm_store_si128(reinterpret_cast<__m128i*>(to.scales), odd_nibbles(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(w + 74))));
  }
  static bytes codes(const BookHeader& h, const uint8_t*, int j) {
    return four_points(points.iq2_s, [&](int i) { return h.index[4 * j + i]; });
  }
};

template <>
struct LookedUp<IQ3_XXS> {
  static void header(BookHeader& to, const uint8_t* w) { read_signs_and_scales(to, load_ints(w + 66)); }
  static bytes codes(const BookHeader&, const uint8_t* w, int j) {
    return eight_points(points.iq3_xxs, [&](int i) { return w[2 + 8 * j + i]; });
  }
};

template <>
struct LookedUp<IQ3_S> {
  static void header(BookHeader& to, const uint8_t* w) {
    const bytes factors = _mm256_setr_epi64x(0x0020004000800100, 0x0002000400080010, 0x0020004000800100, 0x0002000400080010);
    join_indices<8, 64>(to.index, w + 2, read<uint64_t>(w + 66), factors, 0x100);
    store_bytes(to.signs, load_bytes(w + 74));
    const int4 odd = odd_nibbles(_mm_cvtsi32_si128(int(load32(w + 106))));
    _mm_store_si128(reinterpret_cast<__m128i*>(to.scales), _mm_unpacklo_epi8(odd, odd));
  }
  static bytes codes(const BookHeader& h, const uint8_t*, int j) {
    return eight_points(points.iq3_s, [&](int i) { return h.index[8 * j + i]; });
  }
};

template <class C>
constexpr bool looked_up = requires { sizeof(LookedUp<C>); };

// Scales 2 j and 2 j + 1 as int16, eight times each.
alignas(32) constexpr std::array<uint8_t, 256> two_scales = [] {
  std::array<uint8_t, 256> index{};
  for (size_t i = 0; i < 256; ++i) index[i] = static_cast<uint8_t>(i % 2 ? 255 : i / 16);
  return index;
}();

// Of a block and T tokens, `apart` bytes from one to the next: s[t][i] the scaled dot products. Inputs take the signs of the codes.
template <class C, int T>
inline void look_up(const uint8_t* w, const Block256* x, int64_t apart, ints (*s)[4], int i) {
  BookHeader header;
  LookedUp<C>::header(header, w);
  ints sum[T];
  for (int t = 0; t < T; ++t) sum[t] = zero_ints();
  const bytes table = repeat_quad(header.scales);
  LT_UNROLL
  for (int j = 0; j < 8; ++j) {
    const bytes codes = LookedUp<C>::codes(header, w, j), scale = lookup(table, load_bytes(two_scales.data() + 32 * j));
    const uint32_t signs = load32(header.signs + 4 * j);
    LT_UNROLL
    for (int t = 0; t < T; ++t) {
      const auto* token = reinterpret_cast<const Block256*>(reinterpret_cast<const uint8_t*>(x) + t * apart);
      sum[t] = dot2(sum[t], dot(zero_dots(), codes, negate_where(load_bytes(token->q + 32 * j), signs)), scale);
      pin(sum[t]);
    }
  }
  for (int t = 0; t < T; ++t) s[t][i] = sum[t];
}

}  // namespace lt::cpu::LT_ISA
