#include "quant/q4_k.h"

#include "encode/kernels/scale_min.h"
#include "encode/kernels/super_affine.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr SuperAffinePlan plan{{3, 6, 3, -0.2f, 0.4f, -1.2f, 0.4f}, 63, 12, 3};

void pack(const uint8_t* q, const uint8_t* scale, const uint8_t* min, quant::Q4_K::Block& out) {
  pack_scale_min(scale, min, out.scales);
  pack_chunks(q, out.qs);
}

void run(const Row& row, void* blocks) { encode_super_affine<quant::Q4_K::Block, 32>(row, blocks, 15, plan, pack); }

}  // namespace

const Encoder encode_q4_k{12, run};

}  // namespace lt::encode::LT_ISA
