#include "quant/iq3_xxs.h"

#include "encode/kernels/codebook.h"

namespace lt::encode::LT_ISA {
namespace {

struct Iq3Xxs {
  using Block = quant::IQ3_XXS::Block;
  static constexpr int width = 4, points = 256, values = 32, steps = 16;
  static constexpr float unit = 0.25f;
  static constexpr Signs signs = Signs::even;
  static constexpr bool same_shift = false;
  static const Book& book() { return book_iq3_xxs(); }

  static void put_scale(Block& b, uint16_t half) { b.d = half; }
  static void put(Block& b, int part, const Coded& c) {
    for (int i = 0; i < 8; i++) b.qs[8 * part + i] = static_cast<uint8_t>(c.points[i]);
    put_word(b.aux + 4 * part, signs_and_step(c));
  }
};

}  // namespace

const Encoder encode_iq3_xxs{18, encode_row<Iq3Xxs>};

}  // namespace lt::encode::LT_ISA
