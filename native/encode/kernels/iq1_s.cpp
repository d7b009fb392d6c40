#include "quant/iq1_s.h"

#include "encode/kernels/codebook.h"

namespace lt::encode::LT_ISA {
namespace {

struct Iq1S {
  using Block = quant::IQ1_S::Block;
  static constexpr int width = 8, points = 4096, values = 32, steps = 8;
  static constexpr float unit = 1;
  static constexpr Signs signs = Signs::own;
  static constexpr bool same_shift = true;
  static const Book& book() { return book_iq1(); }

  static void put_scale(Block& b, uint16_t half) { b.d = half; }
  static void put(Block& b, int part, const Coded& c) {
    int high = c.step << 12 | (c.points[0] >> 11) << 15;
    for (int i = 0; i < 4; i++) {
      b.qs[4 * part + i] = static_cast<uint8_t>(c.points[i]);
      high |= (c.points[i] >> 8 & 7) << (3 * i);
    }
    b.qh[part] = static_cast<uint16_t>(high);
  }
};

}  // namespace

const Encoder encode_iq1_s{19, encode_row<Iq1S>};

}  // namespace lt::encode::LT_ISA
