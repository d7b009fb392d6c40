#include "quant/q2_k.h"

#include "encode/kernels/super_affine.h"
#include "encode/kernels/two_bits.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr SuperAffinePlan plan{{4, 6, 3, -0.3f, 0.2f, -0.5f, 0.2f}, 15, 20, 5};

void pack(const uint8_t* q, const uint8_t* scale, const uint8_t* min, quant::Q2_K::Block& out) {
  for (int s = 0; s < 16; s++) out.scales[s] = static_cast<uint8_t>(scale[s] | min[s] << 4);
  pack_two_bits(q, out.qs);
}

void run(const Row& row, void* blocks) { encode_super_affine<quant::Q2_K::Block, 16>(row, blocks, 3, plan, pack); }

}  // namespace

const Encoder encode_q2_k{10, run};

}  // namespace lt::encode::LT_ISA
