// The scale is a power of two: of each block all that may be the best are tried.
#include "quant/mxfp4.h"

#include "encode/kernels/nibbles.h"
#include "encode/kernels/scaled.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr int n = 32;
constexpr Fp4 grid;
constexpr Codes codes = Fp4::codes();

// The largest value is in [1, 2): with scale 1 it is 1 or 2, with 1/64 it is cut to a tenth.
f32x16 search(const Lanes<n, 1>& v) {
  Scaled best{zero(), zero(), zero()};
  for (float scale = 1; scale >= 0x1p-6f; scale *= 0.5f) keep_better(v, grid, set1(scale), best);
  return best.scale;
}

// Exponent of a scale; 0 for none.
uint8_t exponent(float scale) { return static_cast<uint8_t>(quant::bits_of_float(scale) >> 23); }

void run(const Row& row, void* blocks) {
  over_blocks<n, 1>(row, [&](Lanes<n, 1>& v, int64_t block, int count) {
    normalize(v);
    const f32x16 scale = search(v);
    scaled_codes(v, grid, scale);
    for (int i = 0; i < n; i++) v.x[i] = v.x[i] + v.x[i];
    uint8_t q[side_by_side * n];
    float scales[side_by_side];
    scatter<n>(v.x, q);
    store(scales, scale * v.unit);
    for (uint8_t& code : q) code = codes.of[code];
    quant::MXFP4::Block* out = static_cast<quant::MXFP4::Block*>(blocks) + block;
    for (int b = 0; b < count; b++) {
      out[b].e = exponent(scales[b]);
      pack_nibbles(q + n * b, out[b].qs);
    }
  });
}

}  // namespace

const Encoder encode_mxfp4{39, run};

}  // namespace lt::encode::LT_ISA
