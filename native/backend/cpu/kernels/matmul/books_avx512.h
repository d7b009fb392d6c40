// books.h for AVX-512: points looked up in registers, 32 at a time. A permutation of words has 64 entries, so a book is several of them,
// among whose results the upper bits of the index choose.
#pragma once
#include <immintrin.h>

#include "backend/cpu/kernels/matmul/books.h"

namespace lt::cpu::LT_ISA {

template <int parts>  // of 64 points
struct Book {
  static constexpr bool kept = parts <= 8;  // in half of the registers
  const uint16_t* points;
  __m512i words[kept ? 2 * parts : 1];

  explicit Book(const uint16_t* p) : points(p) {
    if constexpr (kept) LT_UNROLL for (int i = 0; i < 2 * parts; i++) words[i] = _mm512_load_si512(p + 32 * i);
  }
  __m512i word(int i) const {
    if constexpr (kept) return words[i];
    return _mm512_load_si512(points + 32 * i);
  }
  __m512i look_up(__m512i index) const {
    __m512i found[parts];
    LT_UNROLL for (int i = 0; i < parts; i++) found[i] = _mm512_permutex2var_epi16(word(2 * i), index, word(2 * i + 1));
    choose_half<parts>(found, index, 64);
    return found[0];
  }

 private:
  template <int n>
  static void choose_half(__m512i (&found)[parts], __m512i index, int bit) {
    if constexpr (n > 1) {
      const __mmask32 upper = _mm512_test_epi16_mask(index, _mm512_set1_epi16(int16_t(bit)));
      LT_UNROLL for (int i = 0; i < n / 2; i++) found[i] = _mm512_mask_blend_epi16(upper, found[2 * i], found[2 * i + 1]);
      choose_half<n / 2>(found, index, 2 * bit);
    }
  }
};

inline __m256i load_32(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }

// 32 bytes as words, runs of four of the first sixteen and of the last in turn: what unpacking by quads puts in order again.
inline __m512i words_by_turns(__m256i v) {
  return _mm512_cvtepu8_epi16(_mm256_permutevar8x32_epi32(v, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
}
// 128 nibbles of 32 points, from words_by_turns.
template <class F>
inline void store_nibbles(uint8_t* to, __m512i points, F size) {
  const __m512i mask = _mm512_set1_epi8(15);
  const __m512i even = size(_mm512_and_si512(points, mask)), odd = size(_mm512_and_si512(_mm512_srli_epi16(points, 4), mask));
  _mm512_store_si512(to, _mm512_unpacklo_epi8(even, odd));
  _mm512_store_si512(to + 64, _mm512_unpackhi_epi8(even, odd));
}
// The numbers of words from `first` on, four times each.
inline __m512i four_times(int first) {
  const auto four = [&](int i) { return int64_t(0x0001000100010001) * (first + i); };
  return _mm512_setr_epi64(four(0), four(1), four(2), four(3), four(4), four(5), four(6), four(7));
}
inline __m128i bytes_as_words(const uint8_t* p) { return _mm_cvtepu8_epi16(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))); }
// 256 sizes of 32 points of sorted pairs.
inline void store_sizes_of_pairs(uint8_t* to, __m512i points) {
  const __m512i sizes = _mm512_set1_epi32(8 | 25 << 8 | 43 << 16), shifts = _mm512_set1_epi64(0x0006000400020000);
  LT_UNROLL for (int i = 0; i < 4; i++) {
    const __m512i pairs = _mm512_srlv_epi16(_mm512_permutexvar_epi16(four_times(8 * i), points), shifts);
    _mm512_store_si512(to + 64 * i, _mm512_shuffle_epi8(sizes, _mm512_and_si512(pairs, _mm512_set1_epi8(3))));
  }
}
inline void store_16(uint8_t* to, __m128i v) { _mm_store_si128(reinterpret_cast<__m128i*>(to), v); }
// Each of eight bytes twice.
inline void store_twice(uint8_t* to, uint64_t eight) {
  const __m128i v = _mm_cvtsi64_si128(int64_t(eight));
  store_16(to, _mm_unpacklo_epi8(v, v));
}
// 2 s + 1 of sixteen nibbles s.
inline void store_odd_scales(uint8_t* to, const uint8_t* nibbles) {
  const auto all = read<uint64_t>(nibbles);
  const __m128i v = _mm_cvtsi64_si128(int64_t(all)), mask = _mm_set1_epi8(15);
  const __m128i s = _mm_unpacklo_epi8(_mm_and_si128(v, mask), _mm_and_si128(_mm_srli_epi16(v, 4), mask));
  store_16(to, _mm_add_epi8(_mm_add_epi8(s, s), _mm_set1_epi8(1)));
}
// Seven bits a byte, with the eighth, which makes their number even: the parity of the xor of both nibbles, by a table.
inline void store_signs(DecodedBlock& to, __m256i seven) {
  const __m256i low = _mm256_set1_epi8(15);
  const __m256i nibble = _mm256_xor_si256(_mm256_and_si256(seven, low), _mm256_and_si256(_mm256_srli_epi16(seven, 4), low));
  const __m256i odd = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, -128, -128, 0, -128, 0, 0, -128, -128, 0, 0, -128, 0, -128, -128, 0));
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to.signs), _mm256_or_si256(seven, _mm256_shuffle_epi8(odd, nibble)));
}
// signs_and_scales of books.h.
inline void store_signs_and_scales(DecodedBlock& to, __m256i rest) {
  const auto field = [&](int shift, int mask) { return _mm256_and_si256(_mm256_slli_epi32(rest, shift), _mm256_set1_epi32(mask)); };
  __m256i seven = _mm256_and_si256(rest, _mm256_set1_epi32(0x7f));
  seven = _mm256_or_si256(seven, field(1, 0x7f00));
  seven = _mm256_or_si256(seven, field(2, 0x7f0000));
  seven = _mm256_or_si256(seven, field(3, 0x7f000000));
  store_signs(to, seven);
  const __m128i scale = _mm256_cvtepi32_epi16(_mm256_srli_epi32(rest, 28));
  const __m128i twice = _mm_or_si128(scale, _mm_slli_epi16(scale, 8));
  store_16(to.scales, _mm_add_epi8(_mm_add_epi8(twice, twice), _mm_set1_epi8(1)));
}

template <int N>
inline void decode_all(IQ3_S, DecodedBlock (&to)[N], const uint8_t* w) {
  const Book<8> book(points.iq3_s_nibbles);
  LT_UNROLL for (int i = 0; i < N; i++, w += IQ3_S::block_bytes) {
    LT_UNROLL for (int half = 0; half < 2; half++) {
      const auto ninth = read<uint32_t>(w + 66 + 4 * half);
      const __mmask32 by_turns = _pdep_u32(ninth, 0x0f0f0f0f) | _pdep_u32(ninth >> 16, 0xf0f0f0f0);
      const __m512i low = words_by_turns(load_32(w + 2 + 32 * half));
      const __m512i index = _mm512_mask_add_epi16(low, by_turns, low, _mm512_set1_epi16(256));
      store_nibbles(to[i].codes + 128 * half, book.look_up(index), [](__m512i v) { return v; });
    }
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to[i].signs), load_32(w + 74));
    store_twice(to[i].scales, _pdep_u64(read<uint32_t>(w + 106), 0x1e1e1e1e1e1e1e1e) | 0x0101010101010101);
  }
}

template <int N>
inline void decode_all(IQ3_XXS, DecodedBlock (&to)[N], const uint8_t* w) {
  const Book<4> book(points.iq3_xxs_nibbles);
  const __m512i sizes = _mm512_broadcast_i32x4(_mm_setr_epi8(4, 12, 20, 28, 36, 44, 52, 62, 0, 0, 0, 0, 0, 0, 0, 0));
  LT_UNROLL for (int i = 0; i < N; i++, w += IQ3_XXS::block_bytes) {
    LT_UNROLL for (int half = 0; half < 2; half++)
        store_nibbles(to[i].codes + 128 * half, book.look_up(words_by_turns(load_32(w + 2 + 32 * half))),
                      [&](__m512i v) { return _mm512_shuffle_epi8(sizes, v); });
    store_signs_and_scales(to[i], load_32(w + 66));
  }
}

template <int N>
inline void decode_all(IQ2_XXS, DecodedBlock (&to)[N], const uint8_t* w) {
  const Book<4> book(points.iq2_xxs_pairs);
  LT_UNROLL for (int i = 0; i < N; i++, w += IQ2_XXS::block_bytes) {
    const __m512i all = _mm512_loadu_si512(w + 2);
    store_sizes_of_pairs(to[i].codes, book.look_up(_mm512_cvtepu8_epi16(_mm512_cvtepi64_epi32(all))));
    store_signs_and_scales(to[i], _mm512_cvtepi64_epi32(_mm512_srli_epi64(all, 32)));
  }
}

template <int N>
inline void decode_all(IQ2_XS, DecodedBlock (&to)[N], const uint8_t* w) {
  const Book<8> book(points.iq2_xs_pairs);
  LT_UNROLL for (int i = 0; i < N; i++, w += IQ2_XS::block_bytes) {
    const __m512i q = _mm512_loadu_si512(w + 2);
    store_sizes_of_pairs(to[i].codes, book.look_up(q));
    store_signs(to[i], _mm512_cvtepi16_epi8(_mm512_srli_epi16(q, 9)));
    store_odd_scales(to[i].scales, w + 66);
  }
}

template <int N>
inline void decode_all(IQ2_S, DecodedBlock (&to)[N], const uint8_t* w) {
  const Book<16> book(points.iq2_s_pairs);
  LT_UNROLL for (int i = 0; i < N; i++, w += IQ2_S::block_bytes) {
    const __m512i high = _mm512_permutexvar_epi16(four_times(0), _mm512_castsi128_si512(bytes_as_words(w + 66)));
    const __m512i two = _mm512_and_si512(_mm512_sllv_epi16(high, _mm512_set1_epi64(0x0002000400060008)), _mm512_set1_epi16(0x300));
    store_sizes_of_pairs(to[i].codes, book.look_up(_mm512_or_si512(_mm512_cvtepu8_epi16(load_32(w + 2)), two)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to[i].signs), load_32(w + 34));
    store_odd_scales(to[i].scales, w + 74);
  }
}

// Points of eight bytes in order, whose book is too large for registers, each plus what a word of `more` is twice. four(g): the indices of
// points 4 g and on, as words. They are made by scalars: out of a vector or its memory they would come one by one.
template <class F>
inline void store_points(uint8_t* to, F four, __m512i more) {
  const auto two = [](uint64_t i) {
    const __m128i low = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(points.iq1 + (i & 0xffff)));
    return _mm_castps_si128(_mm_loadh_pi(_mm_castsi128_ps(low), reinterpret_cast<const __m64*>(points.iq1 + (i >> 16 & 0xffff))));
  };
  const auto half = [&](uint64_t i) { return _mm256_inserti128_si256(_mm256_castsi128_si256(two(i)), two(i >> 32), 1); };
  LT_UNROLL for (int i = 0; i < 4; i++) {
    const __m512i eight = _mm512_inserti64x4(_mm512_castsi256_si512(half(four(2 * i))), half(four(2 * i + 1)), 1);
    _mm512_store_si512(to + 64 * i, _mm512_add_epi8(eight, _mm512_permutexvar_epi16(four_times(8 * i), more)));
  }
}
inline uint64_t low_bytes(const uint8_t* p) { return _pdep_u64(read<uint32_t>(p), 0x00ff00ff00ff00ff); }

template <int N>
inline void decode_all(IQ1_S, DecodedBlock (&to)[N], const uint8_t* w) {
  LT_UNROLL for (int i = 0; i < N; i++, w += IQ1_S::block_bytes) {
    const __m128i groups = _mm_loadu_si128(reinterpret_cast<const __m128i*>(w + 34));
    const __m512i high = _mm512_permutexvar_epi16(four_times(0), _mm512_castsi128_si512(groups));
    const __m512i up = _mm512_andnot_si512(_mm512_srai_epi16(high, 15), _mm512_set1_epi8(2));
    const auto index = [&](int g) { return low_bytes(w + 2 + 4 * g) | _pdep_u64(read<uint16_t>(w + 34 + 2 * g), 0x0700070007000700); };
    store_points(to[i].codes, index, up);
    const __m128i scale = _mm_or_si128(_mm_and_si128(_mm_srli_epi16(groups, 11), _mm_set1_epi16(14)), _mm_set1_epi16(1));
    store_16(to[i].scales, _mm_or_si128(scale, _mm_slli_epi16(scale, 8)));
  }
}

template <int N>
inline void decode_all(IQ1_M, DecodedBlock (&to)[N], const uint8_t* w) {
  LT_UNROLL for (int i = 0; i < N; i++, w += IQ1_M::block_bytes) {
    const __m512i two = _mm512_cvtepu8_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(w + 32)));
    const __m512i high = _mm512_or_si512(two, _mm512_slli_epi32(two, 12));  // a nibble a word, under others
    const __m512i up = _mm512_andnot_si512(_mm512_srai_epi16(_mm512_slli_epi16(high, 12), 15), _mm512_set1_epi8(2));
    const auto index = [&](int g) {
      return low_bytes(w + 4 * g) | (_pdep_u64(read<uint16_t>(w + 32 + 2 * g), 0x0f000f000f000f00) & 0x0700070007000700);
    };
    store_points(to[i].codes, index, up);
    const uint64_t threes = _pext_u64(read<uint64_t>(w + 48), 0x0fff0fff0fff0fff);
    const auto odd = [](uint64_t eight) { return int64_t(_pdep_u64(eight, 0x0e0e0e0e0e0e0e0e) | 0x0101010101010101); };
    store_16(to[i].scales, _mm_set_epi64x(odd(threes >> 24), odd(threes)));  // at once: they are read so
  }
}

// Bytes are fractions of 256, three times as much in each step: the whole part of the product is a trit.
template <int N>
inline void decode_all(TQ1_0, DecodedBlock (&to)[N], const uint8_t* w) {
  const __m512i first = _mm512_set1_epi8(85), second = _mm512_set1_epi8(char(170)), one = _mm512_set1_epi8(1);
  LT_UNROLL for (int i = 0; i < N; i++, w += TQ1_0::block_bytes) {
    const __m128i last = _mm_set1_epi32(read<int32_t>(w + 48));
    const __m128i powers = _mm_setr_epi16(1, 1, 3, 3, 9, 9, 27, 27), byte = _mm_set1_epi16(255);
    const __m128i even = _mm_and_si128(_mm_mullo_epi16(last, powers), byte);
    const __m128i odd = _mm_slli_epi16(_mm_mullo_epi16(_mm_srli_epi16(last, 8), powers), 8);
    const __m128i some = _mm_loadu_si128(reinterpret_cast<const __m128i*>(w + 32));
    const __m256i rest = _mm256_inserti128_si256(_mm256_castsi128_si256(some), _mm_or_si128(even, odd), 1);
    __m512i fraction = _mm512_inserti64x4(_mm512_castsi256_si512(load_32(w)), rest, 1);
    LT_UNROLL for (int t = 0; t < 5; t++) {
      __m512i trits = _mm512_set1_epi8(31);
      trits = _mm512_mask_add_epi8(trits, _mm512_cmpgt_epu8_mask(fraction, first), trits, one);
      trits = _mm512_mask_add_epi8(trits, _mm512_cmpgt_epu8_mask(fraction, second), trits, one);
      _mm256_store_si256(reinterpret_cast<__m256i*>(to[i].codes + 32 * t), _mm512_castsi512_si256(trits));
      store_16(to[i].codes + 160 + 16 * t, _mm512_extracti32x4_epi32(trits, 2));
      if (t == 0) store_16(to[i].codes + 240, _mm512_extracti32x4_epi32(trits, 3));
      fraction = _mm512_add_epi8(fraction, _mm512_add_epi8(fraction, fraction));
    }
    store_16(to[i].scales, _mm_set1_epi8(1));
  }
}

}  // namespace lt::cpu::LT_ISA
