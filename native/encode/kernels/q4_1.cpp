#include "quant/q4_1.h"

#include "encode/kernels/affine_blocks.h"
#include "encode/kernels/nibbles.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr AffineGrid plan{3, 6, 3, -0.2f, 0.4f, -1.2f, 0.4f};

void run(const Row& row, void* blocks) {
  encode_affine<quant::Q4_1::Block>(row, blocks, 15, plan, [](const uint8_t* q, quant::Q4_1::Block& out) { pack_nibbles(q, out.qs); });
}

}  // namespace

const Encoder encode_q4_1{3, run};

}  // namespace lt::encode::LT_ISA
