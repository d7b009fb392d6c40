// A sign a value. The best scale is the weighted mean of the sizes: nothing to search.
#include "quant/q1_0.h"

#include "encode/kernels/lanes.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr int n = 16, lanes = 8;

f32x16 mean_size(const Lanes<n, lanes>& v) {
  f32x16 sum = zero();
  for (int i = 0; i < n; i++) sum = fma(v.w[i], abs(v.x[i]), sum);
  return divide(add_group<lanes>(sum), add_group<lanes>(v.sum_w));
}

void pack(const uint8_t* positive, quant::Q1_0::Block& out) {
  for (int i = 0; i < 16; i++) {
    int bits = 0;
    for (int j = 0; j < 8; j++) bits |= positive[8 * i + j] << j;
    out.qs[i] = static_cast<uint8_t>(bits);
  }
}

void run(const Row& row, void* blocks) {
  over_blocks<n, lanes>(row, [&](Lanes<n, lanes>& v, int64_t block, int count) {
    normalize(v);
    uint16_t d[side_by_side];
    const f32x16 size = mean_size(v), squares = add_group<lanes>(v.sum_wxx);
    store_halves(d, size * raise(row, squares, size * size * add_group<lanes>(v.sum_w)), v.unit);
    for (int i = 0; i < n; i++) v.x[i] = where_less(v.x[i], zero(), zero(), set1(1.0f));
    uint8_t q[side_by_side * n];
    scatter<n>(v.x, q);
    quant::Q1_0::Block* out = static_cast<quant::Q1_0::Block*>(blocks) + block;
    for (int b = 0; b < count; b++) {
      out[b].d = d[lanes * b];
      pack(q + n * lanes * b, out[b]);
    }
  });
}

}  // namespace

const Encoder encode_q1_0{41, run};

}  // namespace lt::encode::LT_ISA
