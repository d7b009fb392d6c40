#include "quant/iq3_s.h"

#include "encode/kernels/codebook.h"

namespace lt::encode::LT_ISA {
namespace {

struct Iq3S {
  using Block = quant::IQ3_S::Block;
  static constexpr int width = 4, points = 512, values = 32, steps = 16;
  static constexpr float unit = 1;
  static constexpr Signs signs = Signs::free;
  static constexpr bool same_shift = false;
  static const Book& book() { return book_iq3_s(); }

  static void put_scale(Block& b, uint16_t half) { b.d = half; }
  static void put(Block& b, int part, const Coded& c) {
    for (int i = 0; i < 8; i++) {
      b.qs[8 * part + i] = static_cast<uint8_t>(c.points[i]);
      b.qh[part] = static_cast<uint8_t>(b.qh[part] | (c.points[i] >> 8) << i);
    }
    for (int e = 0; e < 4; e++) b.signs[4 * part + e] = c.signs[e];
    b.scales[part / 2] = static_cast<uint8_t>(b.scales[part / 2] | c.step << (4 * (part % 2)));
  }
};

}  // namespace

const Encoder encode_iq3_s{21, encode_row<Iq3S>};

}  // namespace lt::encode::LT_ISA
