// Q5_1: f16 d; f16 m; u8 fifth bits[4]; u8 nibbles[16].
#include "backend/cpu/kernels/matmul/blocks32.h"

namespace lt::cpu::LT_ISA {
namespace {

struct Q5_1 {
  static constexpr int block_bytes = 24, code_offset = 8;
  static constexpr bool has_min = true;
  using Codes = UnsignedFives;
  using Scales = Halfs;
};

}  // namespace

extern const MatmulKernel matmul_q5_1 = {7, Format::q8_32, group_rows, Blocks32<Q5_1>::run};

}  // namespace lt::cpu::LT_ISA
