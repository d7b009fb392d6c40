// Books as tables of bytes (byte_books.h), in which 64 points are looked up at a time.
//
// What kernels multiply are planes: byte 4 j + i of plane p is value 16 j + 4 i + p of a block. So a sum of products of four bytes over the
// four planes is that of sixteen values beside one another, of which no scale is finer, and no weight has to be moved to its place.
#pragma once
#include <immintrin.h>

#include <cstring>

#include "backend/cpu/byte_books.h"
#include "simd/simd_int.h"

// Tables stay in registers only where all of what uses them is one function.
#if defined(__GNUC__)
#define LT_INLINED __attribute__((always_inline)) inline
#else
#define LT_INLINED inline
#endif

namespace lt::cpu::LT_ISA {

struct Planes {
  bytes weights[4];  // plus 128
  ints scales;       // of sixteen values
};

template <class Word>
inline Word word_at(const uint8_t* p) {
  Word v;
  memcpy(&v, p, sizeof v);
  return v;
}
inline __m128i load_16(const uint8_t* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
inline __m256i load_32(const uint8_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); }
inline bytes low_half(__m256i v) { return _mm512_castsi256_si512(v); }
inline bytes low_quad(__m128i v) { return _mm512_castsi128_si512(v); }

// Vectors of constants are filled by f(i).
template <class F>
constexpr auto sixty_four(F f) {
  struct alignas(64) Bytes {
    uint8_t of[64];
  } r{};
  for (int i = 0; i < 64; i++) r.of[i] = static_cast<uint8_t>(f(i));
  return r;
}

// The bits of indices that an instruction does not look at, as masks: it has 128 entries of a table.
template <int n>
struct Upper {
  __mmask64 bit[n];
};

// Of 128 << bits entries.
template <int bits>
struct Table {
  static constexpr bool kept = bits <= 2;  // in a quarter of the registers
  const uint8_t* entries;
  bytes words[kept ? 2 << bits : 1];

  explicit Table(const uint8_t* p) : entries(p) {
    if constexpr (kept) LT_UNROLL for (int i = 0; i < 2 << bits; i++) words[i] = load_bytes(p + 64 * i);
  }
  LT_INLINED bytes word(int i) const {
    if constexpr (kept) return words[i];
    return load_bytes(entries + 64 * i);
  }
  // Of each pair of parts, lanes keep their index until it is their part's turn. Among pairs the other bits choose.
  LT_INLINED bytes look_up(bytes index, const Upper<bits>& upper) const {
    bytes found[(1 << bits) / 2];
    LT_UNROLL
    for (int i = 0; i < (1 << bits) / 2; i++) {
      found[i] = _mm512_mask2_permutex2var_epi8(word(4 * i), index, ~upper.bit[0], word(4 * i + 1));
      found[i] = _mm512_mask2_permutex2var_epi8(word(4 * i + 2), found[i], upper.bit[0], word(4 * i + 3));
    }
    LT_UNROLL
    for (int b = 1; b < bits; b++) {
      LT_UNROLL
      for (int i = 0; i < (1 << bits) >> (b + 1); i++) found[i] = _mm512_mask_blend_epi8(upper.bit[b], found[2 * i], found[2 * i + 1]);
    }
    return found[0];
  }
};

// The same of 128.
template <>
struct Table<0> {
  bytes words[2];
  explicit Table(const uint8_t* p) : words{load_bytes(p), load_bytes(p + 64)} {}
  LT_INLINED bytes look_up(bytes index) const { return _mm512_permutex2var_epi8(words[0], index, words[1]); }
};

struct Weights {
  bytes of[4];

  explicit Weights(const uint8_t (&tables)[4][64]) {
    for (int p = 0; p < 4; p++) of[p] = load_bytes(tables[p]);
  }
  // From the six lowest bits of a byte, but for the sign, which is bit `at` of another.
  LT_INLINED bytes find(int p, bytes levels, bytes signs, int at) const {
    return _mm512_permutexvar_epi8(select_bits(splat_byte(1 << at), signs, levels), of[p]);
  }
};

inline __mmask64 bit_7(bytes v) { return _mm512_movepi8_mask(v); }
inline __mmask64 bit(bytes v, int i) { return _mm512_test_epi8_mask(v, splat_byte(1 << i)); }
// Eight bits of each 64 from `from[i]` on, round the end.
inline bytes eight_bits(bytes v, const void* from) { return _mm512_multishift_epi64_epi8(load_bytes(from), v); }

// 2 s + 1 of s in bits 1 to `bits`.
inline ints odd(ints twice, int bits) { return _mm512_ternarylogic_epi32(twice, splat_int((2 << bits) - 2), splat_int(1), 0xea); }

}  // namespace lt::cpu::LT_ISA
