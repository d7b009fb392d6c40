#include "quant/q5_k.h"

#include "encode/kernels/scale_min.h"
#include "encode/kernels/super_affine.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr SuperAffinePlan plan{{3, 7, 3, -0.3f, 0.4f, -1.6f, 0.4f}, 63, 12, 3};

void pack(const uint8_t* q, const uint8_t* scale, const uint8_t* min, quant::Q5_K::Block& out) {
  pack_scale_min(scale, min, out.scales);
  pack_chunks(q, out.qs);
  for (int l = 0; l < 32; l++) {
    int bits = 0;
    for (int k = 0; k < 8; k++) bits |= (q[32 * k + l] >> 4) << k;
    out.qh[l] = static_cast<uint8_t>(bits);
  }
}

void run(const Row& row, void* blocks) { encode_super_affine<quant::Q5_K::Block, 32>(row, blocks, 31, plan, pack); }

}  // namespace

const Encoder encode_q5_k{13, run};

}  // namespace lt::encode::LT_ISA
