#include "quant/iq1_m.h"

#include "encode/kernels/codebook.h"

namespace lt::encode::LT_ISA {
namespace {

struct Iq1M {
  using Block = quant::IQ1_M::Block;
  static constexpr int width = 8, points = 4096, values = 16, steps = 8;
  static constexpr float unit = 1;
  static constexpr Signs signs = Signs::own;
  static constexpr bool same_shift = false;
  static const Book& book() { return book_iq1(); }

  static void put_scale(Block& b, uint16_t half) {
    for (int i = 0; i < 4; i++) b.scales[i] = static_cast<uint16_t>(b.scales[i] | (half >> (4 * i) & 15) << 12);
  }
  static void put(Block& b, int part, const Coded& c) {
    for (int i = 0; i < 2; i++) {
      b.qs[2 * part + i] = static_cast<uint8_t>(c.points[i]);
      b.qh[part] = static_cast<uint8_t>(b.qh[part] | (c.points[i] >> 8) << (4 * i));
    }
    b.scales[part / 4] = static_cast<uint16_t>(b.scales[part / 4] | c.step << (3 * (part % 4)));
  }
};

}  // namespace

const Encoder encode_iq1_m{29, encode_row<Iq1M>};

}  // namespace lt::encode::LT_ISA
