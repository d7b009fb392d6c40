#include "quant/iq4_nl.h"

#include "encode/kernels/nibbles.h"
#include "encode/kernels/scaled_blocks.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr Iq4 grid;
constexpr Codes codes = Iq4::codes();
constexpr ScaledPlan plan{16, 10, 12.0f, 4.0f, 3, 3, 4};

void pack(const uint8_t* levels, quant::IQ4_NL::Block& out) {
  uint8_t q[32];
  for (int i = 0; i < 32; i++) q[i] = codes.of[levels[i]];
  pack_nibbles(q, out.qs);
}

void run(const Row& row, void* blocks) { encode_scaled<quant::IQ4_NL::Block>(row, blocks, grid, plan, 0, pack); }

}  // namespace

const Encoder encode_iq4_nl{20, run};

}  // namespace lt::encode::LT_ISA
