// The scales are E4M3 numbers: those of almost four octaves are tried, so that the largest value lies anywhere from 3 to 40.
#include "quant/nvfp4.h"

#include "encode/kernels/scaled.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr int n = 16, subs = 4;
constexpr Fp4 grid;
constexpr Codes codes = Fp4::codes();

// The distance from a scale to the next: 3 bits of mantissa, the least exponent -6.
f32x16 step_of(f32x16 scale) { return max(power_below(scale), set1(0x1p-6f)) * set1(0.125f); }

f32x16 search(const Lanes<n, 1>& v) {
  f32x16 largest = zero();
  for (int i = 0; i < n; i++) largest = max(largest, abs(v.x[i]));
  const f32x16 most = set1(448.0f), first = min(largest * v.unit * set1(1.0f / 40), most);
  f32x16 scale = max(round(first / step_of(first)) * step_of(first), set1(0x1p-9f));
  Scaled best{zero(), zero(), zero()};
  for (int i = 0; i < 30; i++) {
    keep_better(v, grid, scale / v.unit, best);
    scale = min(scale + step_of(scale), most);
  }
  return best.scale;
}

uint8_t e4m3(float scale) {
  if (scale < 0x1p-6f) return static_cast<uint8_t>(scale * 512);
  return static_cast<uint8_t>((quant::bits_of_float(scale) - (120u << 23)) >> 20);
}

// Four sub-blocks.
void pack(const uint8_t* levels, const float* scale, quant::NVFP4::Block& out) {
  for (int k = 0; k < subs; k++) {
    const uint8_t* q = levels + n * k;
    out.s[k] = e4m3(scale[k]);
    for (int j = 0; j < 8; j++) out.qs[8 * k + j] = static_cast<uint8_t>(codes.of[q[j]] | codes.of[q[j + 8]] << 4);
  }
}

void run(const Row& row, void* blocks) {
  over_blocks<n, 1>(row, [&](Lanes<n, 1>& v, int64_t lane, int count) {
    normalize(v);
    const f32x16 scale = search(v);
    scaled_codes(v, grid, scale);
    for (int i = 0; i < n; i++) v.x[i] = v.x[i] + v.x[i];
    uint8_t q[side_by_side * n];
    float scales[side_by_side];
    scatter<n>(v.x, q);
    store(scales, scale * v.unit);
    for (int k = 0; k < count; k += subs) pack(q + n * k, scales + k, static_cast<quant::NVFP4::Block*>(blocks)[(lane + k) / subs]);
  });
}

}  // namespace

const Encoder encode_nvfp4{40, run};

}  // namespace lt::encode::LT_ISA
