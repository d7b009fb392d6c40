#include "quant/iq2_xs.h"

#include "encode/kernels/codebook.h"

namespace lt::encode::LT_ISA {
namespace {

struct Iq2Xs {
  using Block = quant::IQ2_XS::Block;
  static constexpr int width = 8, points = 512, values = 16, steps = 16;
  static constexpr float unit = 0.125f;
  static constexpr Signs signs = Signs::even;
  static constexpr bool same_shift = false;
  static const Book& book() { return book_iq2_xs(); }

  static void put_scale(Block& b, uint16_t half) { b.d = half; }
  static void put(Block& b, int part, const Coded& c) {
    for (int i = 0; i < 2; i++) b.qs[2 * part + i] = static_cast<uint16_t>(c.points[i] | (c.signs[i] & 127) << 9);
    b.scales[part / 2] = static_cast<uint8_t>(b.scales[part / 2] | c.step << (4 * (part % 2)));
  }
};

}  // namespace

const Encoder encode_iq2_xs{17, encode_row<Iq2Xs>};

}  // namespace lt::encode::LT_ISA
