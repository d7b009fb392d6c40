#include "quant/q5_1.h"

#include "encode/kernels/affine_blocks.h"
#include "encode/kernels/nibbles.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr AffineGrid plan{3, 7, 3, -0.3f, 0.4f, -1.6f, 0.4f};

void run(const Row& row, void* blocks) {
  encode_affine<quant::Q5_1::Block>(row, blocks, 31, plan,
                                    [](const uint8_t* q, quant::Q5_1::Block& out) { pack_nibbles(q, out.qs), pack_fifth_bits(q, out.qh); });
}

}  // namespace

const Encoder encode_q5_1{7, run};

}  // namespace lt::encode::LT_ISA
