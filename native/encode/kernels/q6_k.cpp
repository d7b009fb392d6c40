#include "quant/q6_k.h"

#include "encode/kernels/super_scaled.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr Whole grid{-32, 31};
constexpr SuperScaledPlan plan{{20, 0, 0.8f, 0.4f, 0, 3, 16}, -128, 127, 3, 2};

void pack(const uint8_t* q, const uint8_t* scale, quant::Q6_K::Block& out) {
  memcpy(out.scales, scale, sizeof out.scales);
  for (int h = 0; h < 2; h++) {
    const uint8_t* c = q + 128 * h;
    for (int l = 0; l < 32; l++) {
      out.ql[64 * h + l] = static_cast<uint8_t>((c[l] & 15) | c[64 + l] << 4);
      out.ql[64 * h + 32 + l] = static_cast<uint8_t>((c[32 + l] & 15) | c[96 + l] << 4);
      out.qh[32 * h + l] = static_cast<uint8_t>(c[l] >> 4 | c[32 + l] >> 4 << 2 | c[64 + l] >> 4 << 4 | c[96 + l] >> 4 << 6);
    }
  }
}

void run(const Row& row, void* blocks) { encode_super_scaled<quant::Q6_K::Block, 16>(row, blocks, grid, plan, 32, pack); }

}  // namespace

const Encoder encode_q6_k{14, run};

}  // namespace lt::encode::LT_ISA
