// IQ3_S and IQ3_XXS: points of four values, a block of 256 at a time.
#pragma once
#include "backend/cpu/kernels/matmul/vbmi/look_up.h"

namespace lt::cpu::LT_ISA {

// A book of 128 << bits points.
template <int bits>
struct Fours {
  Table<bits> first, second;
  Weights weights;

  template <size_t n>
  Fours(const uint8_t (&book)[2][n], const uint8_t (&tables)[4][64]) : first(book[0]), second(book[1]), weights(tables) {
    static_assert(n == 128 << bits);
  }
  // signs: of a point in bits 1 to 4.
  LT_INLINED void find(bytes (&to)[4], bytes index, const Upper<bits>& upper, bytes signs) const {
    const bytes a = first.look_up(index, upper), b = second.look_up(index, upper);
    LT_UNROLL
    for (int p = 0; p < 4; p++) to[p] = weights.find(p, p % 2 ? b : a, signs, p + 1);
  }
};

// f16 d; u8 low bits of points[64]; u8 ninth bits[8]; u8 signs[32]; u8 scales[4].
struct BookIQ3_S : Fours<2> {
  static constexpr int block_bytes = 110, together = 1;
  static constexpr uint16_t factor = 0x3c00;  // 1
  static uint16_t d_of(const uint8_t* w) { return word_at<uint16_t>(w); }

  BookIQ3_S() : Fours<2>(byte_books.iq3_s, byte_books.iq3_s_weights) {}

  LT_INLINED void decode(Planes (&to)[1], const uint8_t* w) const {
    static constexpr auto nibbles = sixty_four([](int i) { return 4 * (i % 8) - 1; });
    const bytes index = load_bytes(w + 2);
    const bytes signs = eight_bits(_mm512_cvtepu32_epi64(load_32(w + 74)), &nibbles);
    find(to->weights, index, Upper<2>{{bit_7(index), word_at<uint64_t>(w + 66)}}, signs);
    const ints by = _mm512_setr_epi32(1, 1, -3, -3, -7, -7, -11, -11, -15, -15, -19, -19, -23, -23, -27, -27);
    to->scales = odd(_mm512_rolv_epi32(splat_int(word_at<int32_t>(w + 106)), by), 4);
  }
};

// f16 d; u8 points[64]; eight times u32 of four times 7 signs and a scale.
struct BookIQ3_XXS : Fours<1> {
  static constexpr int block_bytes = 98, together = 1;
  static constexpr uint16_t factor = 0x3400;  // 1/4
  static uint16_t d_of(const uint8_t* w) { return word_at<uint16_t>(w); }

  Table<0> even{byte_books.even_signs};

  BookIQ3_XXS() : Fours<1>(byte_books.iq3_xxs, byte_books.iq3_xxs_weights) {}

  LT_INLINED void decode(Planes (&to)[1], const uint8_t* w) const {
    static constexpr auto sevens = sixty_four([](int i) { return i % 8 / 2 * 7; });
    static constexpr auto nibbles = sixty_four([](int i) { return i % 8 * 8 + i % 2 * 4 - 1; });
    const bytes index = load_bytes(w + 2), rest = _mm512_cvtepu32_epi64(load_32(w + 66));
    const bytes eights = even.look_up(eight_bits(rest, &sevens));
    find(to->weights, index, Upper<1>{{bit_7(index)}}, eight_bits(eights, &nibbles));
    to->scales = odd(shr_ints<27>(_mm512_shuffle_epi32(rest, _MM_PERM_CCAA)), 4);
  }
};

}  // namespace lt::cpu::LT_ISA
