#include "quant/iq2_xxs.h"

#include "encode/kernels/codebook.h"

namespace lt::encode::LT_ISA {
namespace {

struct Iq2Xxs {
  using Block = quant::IQ2_XXS::Block;
  static constexpr int width = 8, points = 256, values = 32, steps = 16;
  static constexpr float unit = 0.125f;
  static constexpr Signs signs = Signs::even;
  static constexpr bool same_shift = false;
  static const Book& book() { return book_iq2_xxs(); }

  static void put_scale(Block& b, uint16_t half) { b.d = half; }
  static void put(Block& b, int part, const Coded& c) {
    for (int i = 0; i < 4; i++) b.qs[8 * part + i] = static_cast<uint8_t>(c.points[i]);
    put_word(b.qs + 8 * part + 4, signs_and_step(c));
  }
};

}  // namespace

const Encoder encode_iq2_xxs{16, encode_row<Iq2Xxs>};

}  // namespace lt::encode::LT_ISA
