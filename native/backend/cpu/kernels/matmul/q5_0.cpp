// Q5_0: f16 d; u8 fifth bits[4]; u8 nibbles[16], less 16.
#include "backend/cpu/kernels/matmul/blocks32.h"

namespace lt::cpu::LT_ISA {
namespace {

struct Q5_0 {
  static constexpr int block_bytes = 22, code_offset = 6;
  static constexpr bool has_min = false;
  using Codes = Fives;
  using Scales = Halfs;
};

}  // namespace

extern const MatmulKernel matmul_q5_0 = {6, Format::q8_32, group_rows, Blocks32<Q5_0>::run};

}  // namespace lt::cpu::LT_ISA
