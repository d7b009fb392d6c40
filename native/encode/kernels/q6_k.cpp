#include "quant/q6_k.h"

#include "encode/kernels/super_scaled.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr int n = 16, subs = 16;
constexpr Whole grid{-32, 31};
constexpr SuperScaledPlan plan{{20, 0, 0.8f, 0.4f, 0, 3}, -128, 127, 3, 2};

// q: a block's codes in the order of their values, from -32 on.
void pack(const uint8_t* q, quant::Q6_K::Block& out) {
  for (int h = 0; h < 2; h++) {
    const uint8_t* half = q + 128 * h;
    for (int l = 0; l < 32; l++) {
      uint8_t code[4];
      for (int k = 0; k < 4; k++) code[k] = static_cast<uint8_t>(half[32 * k + l] + 32);
      out.ql[64 * h + l] = static_cast<uint8_t>((code[0] & 15) | (code[2] & 15) << 4);
      out.ql[64 * h + 32 + l] = static_cast<uint8_t>((code[1] & 15) | (code[3] & 15) << 4);
      out.qh[32 * h + l] = static_cast<uint8_t>(code[0] >> 4 | code[1] >> 4 << 2 | code[2] >> 4 << 4 | code[3] >> 4 << 6);
    }
  }
}

void run(const Row& row, void* blocks) {
  over_blocks<n, subs>(row, [&](Lanes<n, subs>& v, int64_t block, int) {
    normalize(v);
    const SuperScaled a = search_super_scaled(v, grid, plan);
    scaled_codes(v, grid, a.d * a.scale);
    uint8_t q[256], scale[side_by_side];
    uint16_t d[side_by_side];
    scatter<n>(v.x, q);
    store_bytes(scale, a.scale);
    store_halves(d, a.d, v.unit);
    quant::Q6_K::Block& out = static_cast<quant::Q6_K::Block*>(blocks)[block];
    pack(q, out);
    memcpy(out.scales, scale, sizeof out.scales);
    out.d = d[0];
  });
}

}  // namespace

const Encoder encode_q6_k{14, run};

}  // namespace lt::encode::LT_ISA
