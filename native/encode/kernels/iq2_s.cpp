#include "quant/iq2_s.h"

#include "encode/kernels/codebook.h"

namespace lt::encode::LT_ISA {
namespace {

struct Iq2S {
  using Block = quant::IQ2_S::Block;
  static constexpr int width = 8, points = 1024, values = 16, steps = 16;
  static constexpr float unit = 0.125f;
  static constexpr Signs signs = Signs::free;
  static constexpr bool same_shift = false;
  static const Book& book() { return book_iq2_s(); }

  static void put_scale(Block& b, uint16_t half) { b.d = half; }
  static void put(Block& b, int part, const Coded& c) {
    for (int i = 0; i < 2; i++) {
      const int e = 2 * part + i;
      b.qs[e] = static_cast<uint8_t>(c.points[i]);
      b.qh[e / 4] = static_cast<uint8_t>(b.qh[e / 4] | (c.points[i] >> 8) << (2 * (e % 4)));
      b.signs[e] = c.signs[i];
    }
    b.scales[part / 2] = static_cast<uint8_t>(b.scales[part / 2] | c.step << (4 * (part % 2)));
  }
};

}  // namespace

const Encoder encode_iq2_s{22, encode_row<Iq2S>};

}  // namespace lt::encode::LT_ISA
