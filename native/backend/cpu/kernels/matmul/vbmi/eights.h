// IQ2_XXS, IQ2_XS, IQ2_S, IQ1_S and IQ1_M: points of eight values, two blocks of 256 at a time, whose points lie by turns: eight of the
// first, eight of the second.
#pragma once
#include "backend/cpu/kernels/matmul/vbmi/look_up.h"

namespace lt::cpu::LT_ISA {

struct EightsWeights {
  Weights weights;
  explicit EightsWeights(const uint8_t (&tables)[4][64]) : weights(tables) {}

  // levels and signs of half a point a byte
  LT_INLINED void find(Planes& to, bytes levels, bytes signs) const {
    LT_UNROLL
    for (int p = 0; p < 4; p++) to.weights[p] = weights.find(p, p == 3 ? shr_words<2>(levels) : levels, signs, p);
  }
  // bytes 0 and 1, and signs: a byte a point.
  LT_INLINED void find(Planes (&to)[2], bytes a, bytes b, bytes signs) const {
    const bytes rest = shr_words<4>(signs);
    find(to[0], _mm512_unpacklo_epi8(a, b), _mm512_unpacklo_epi8(signs, rest));
    find(to[1], _mm512_unpackhi_epi8(a, b), _mm512_unpackhi_epi8(signs, rest));
  }
};

// A book of 128 << bits points.
template <int bits>
struct Eights : EightsWeights {
  Table<bits> first, second;

  template <size_t n>
  Eights(const uint8_t (&book)[2][n], const uint8_t (&tables)[4][64]) : EightsWeights(tables), first(book[0]), second(book[1]) {
    static_assert(n == 128 << bits);
  }
  LT_INLINED void find(Planes (&to)[2], bytes index, const Upper<bits>& upper, bytes signs) const {
    EightsWeights::find(to, first.look_up(index, upper), second.look_up(index, upper), signs);
  }
};

// The book of IQ1: byte 1 of a point is one of two, which seven bits of the index tell, and its other four choose.
struct SortedEights : EightsWeights {
  Table<4> byte0{byte_books.iq1};
  Table<0> first{byte_books.iq1_first}, last{byte_books.iq1_last}, first_up_to{byte_books.iq1_first_up_to};

  SortedEights() : EightsWeights(byte_books.iq1_weights) {}

  // low: of indices; high: three more bits in bits 4 to 6; signs: none or all bits of a point.
  LT_INLINED void find(Planes (&to)[2], bytes low, bytes high, bytes signs) const {
    const bytes sixteen = select_bits(splat_byte(0x70), high, shr_words<4>(low));
    const __mmask64 other = _mm512_cmpgt_epu8_mask(low, first_up_to.look_up(sixteen));
    const bytes byte1 = _mm512_mask_blend_epi8(other, first.look_up(sixteen), last.look_up(sixteen));
    EightsWeights::find(to, byte0.look_up(low, Upper<4>{{bit_7(low), bit(high, 4), bit(high, 5), bit(high, 6)}}), byte1, signs);
  }
};

// 32 bytes of each block by turns.
inline bytes by_turns(__m256i a, __m256i b) {
  return _mm512_permutex2var_epi64(low_half(a), _mm512_setr_epi64(0, 8, 1, 9, 2, 10, 3, 11), low_half(b));
}
// Sixteen bytes of each, of which four belong to eight points: in each 64 bits two such groups, of which one is wanted.
inline bytes fours_by_turns(__m128i a, __m128i b) {
  return _mm512_permutex2var_epi64(low_quad(a), _mm512_setr_epi64(0, 8, 0, 8, 1, 9, 1, 9), low_quad(b));
}
constexpr int group_of(int byte) { return byte / 16 % 2 * 32; }

// 2 s + 1 of sixteen s of `bits` bits, where bit first(j) on of 64.
template <class F>
constexpr auto places_of_scales(F first) {
  return sixty_four([=](int i) { return first(i / 4) - 1; });
}
inline ints odd_scales_of(const uint8_t* w, const void* places, int bits) {
  return odd(eight_bits(repeat_u64(word_at<uint64_t>(w)), places), bits);
}
static constexpr auto places_of_nibbles = places_of_scales([](int j) { return 4 * j; });

// f16 d; eight times u8 points[4], u32 of four times 7 signs and a scale.
struct BookIQ2_XXS : Eights<1> {
  static constexpr int block_bytes = 66, together = 2;
  static constexpr uint16_t factor = 0x3000;  // 1/8
  static uint16_t d_of(const uint8_t* w) { return word_at<uint16_t>(w); }

  Table<0> even{byte_books.even_signs};

  BookIQ2_XXS() : Eights<1>(byte_books.iq2_xxs, byte_books.iq2_weights) {}

  LT_INLINED void decode(Planes (&to)[2], const uint8_t* w) const {
    static constexpr auto sevens = sixty_four([](int i) { return i % 4 * 7 + i % 8 / 4 * 32; });
    const bytes a = load_bytes(w + 2), b = load_bytes(w + block_bytes + 2);
    const ints points = _mm512_setr_epi32(0, 2, 16, 18, 4, 6, 20, 22, 8, 10, 24, 26, 12, 14, 28, 30);
    const bytes index = _mm512_permutex2var_epi32(a, points, b);
    const bytes rest = _mm512_permutex2var_epi32(a, or_ints(points, splat_int(1)), b);
    find(to, index, Upper<1>{{bit_7(index)}}, even.look_up(eight_bits(rest, &sevens)));
    to[0].scales = odd(shr_ints<27>(_mm512_shuffle_epi32(a, _MM_PERM_DDBB)), 4);
    to[1].scales = odd(shr_ints<27>(_mm512_shuffle_epi32(b, _MM_PERM_DDBB)), 4);
  }
};

// f16 d; u16 points[32] of 9 bits, 7 signs above them; u8 scales[8].
struct BookIQ2_XS : Eights<2> {
  static constexpr int block_bytes = 74, together = 2;
  static constexpr uint16_t factor = 0x3000;
  static uint16_t d_of(const uint8_t* w) { return word_at<uint16_t>(w); }

  Table<0> even{byte_books.even_signs};

  BookIQ2_XS() : Eights<2>(byte_books.iq2_xs, byte_books.iq2_weights) {}

  LT_INLINED void decode(Planes (&to)[2], const uint8_t* w) const {
    static constexpr auto low_bytes = sixty_four([](int i) { return 2 * (i / 16 * 8 + i % 8) + i % 16 / 8 * 64; });
    const bytes a = load_bytes(w + 2), b = load_bytes(w + block_bytes + 2), low = load_bytes(&low_bytes);
    const bytes index = _mm512_permutex2var_epi8(a, low, b), high = _mm512_permutex2var_epi8(a, or_bytes(low, splat_byte(1)), b);
    find(to, index, Upper<2>{{bit_7(index), bit(high, 0)}}, even.look_up(shr_words<1>(high)));
    for (int i = 0; i < 2; i++) to[i].scales = odd_scales_of(w + i * block_bytes + 66, &places_of_nibbles, 4);
  }
};

// f16 d; u8 low bits of points[32]; u8 signs[32]; u8 high bits, two a point[8]; u8 scales[8].
struct BookIQ2_S : Eights<3> {
  static constexpr int block_bytes = 82, together = 2;
  static constexpr uint16_t factor = 0x3000;
  static uint16_t d_of(const uint8_t* w) { return word_at<uint16_t>(w); }

  BookIQ2_S() : Eights<3>(byte_books.iq2_s, byte_books.iq2_weights) {}

  LT_INLINED void decode(Planes (&to)[2], const uint8_t* w) const {
    static constexpr auto pairs = sixty_four([](int i) { return i / 16 * 16 + i % 8 * 2; });
    const uint8_t* const second = w + block_bytes;
    const bytes index = by_turns(load_32(w + 2), load_32(second + 2));
    const bytes high = eight_bits(repeat_u64s(word_at<uint64_t>(w + 66), word_at<uint64_t>(second + 66)), &pairs);
    find(to, index, Upper<3>{{bit_7(index), bit(high, 0), bit(high, 1)}}, by_turns(load_32(w + 34), load_32(second + 34)));
    for (int i = 0; i < 2; i++) to[i].scales = odd_scales_of(w + i * block_bytes + 74, &places_of_nibbles, 4);
  }
};

// f16 d; u8 low bits of points[32]; u16 of four times 3 high bits, 3 bits of scale and whether the shift is down, [8].
struct BookIQ1_S : SortedEights {
  static constexpr int block_bytes = 50, together = 2;
  static constexpr uint16_t factor = 0x3000;
  static uint16_t d_of(const uint8_t* w) { return word_at<uint16_t>(w); }

  LT_INLINED void decode(Planes (&to)[2], const uint8_t* w) const {
    static constexpr auto threes = sixty_four([](int i) { return group_of(i) + i % 8 / 4 * 16 + i % 4 * 3 - 4; });
    static constexpr auto shifts = sixty_four([](int i) { return group_of(i) + i % 8 / 4 * 16 + 15; });
    const __m128i groups[2] = {load_16(w + 34), load_16(w + block_bytes + 34)};
    const bytes both = fours_by_turns(groups[0], groups[1]), high = eight_bits(both, &threes);
    const bytes index = by_turns(load_32(w + 2), load_32(w + block_bytes + 2));
    find(to, index, high, _mm512_movm_epi8(bit(eight_bits(both, &shifts), 0)));
    const __m512i twice = _mm512_set_epi16(7, 7, 7, 7, 6, 6, 6, 6, 5, 5, 5, 5, 4, 4, 4, 4, 3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
    for (int i = 0; i < 2; i++) to[i].scales = odd(shr_ints<11>(_mm512_permutexvar_epi16(twice, low_quad(groups[i]))), 3);
  }
};

// u8 low bits of points[32]; u8 of two times 3 high bits and whether the shift is down, [16]; u16 of four times 3 bits of scale and, on
// top, a quarter of d, [4].
struct BookIQ1_M : SortedEights {
  static constexpr int block_bytes = 56, together = 2;
  static constexpr uint16_t factor = 0x3000;
  static uint16_t d_of(const uint8_t* w) {
    const auto all = word_at<uint64_t>(w + 48);
    return uint16_t((all >> 12 & 0xf) | (all >> 24 & 0xf0) | (all >> 36 & 0xf00) | (all >> 48 & 0xf000));
  }

  LT_INLINED void decode(Planes (&to)[2], const uint8_t* w) const {
    static constexpr auto nibbles = sixty_four([](int i) { return group_of(i) + i % 8 * 4 - 4; });
    static constexpr auto places = places_of_scales([](int j) { return j / 4 * 16 + j % 4 * 3; });
    const bytes high = eight_bits(fours_by_turns(load_16(w + 32), load_16(w + block_bytes + 32)), &nibbles);
    const bytes index = by_turns(load_32(w), load_32(w + block_bytes));
    find(to, index, high, _mm512_movm_epi8(bit_7(high)));
    for (int i = 0; i < 2; i++) to[i].scales = odd_scales_of(w + i * block_bytes + 48, &places, 3);
  }
};

}  // namespace lt::cpu::LT_ISA
