// Q4_1: f16 d; f16 m; u8 nibbles[16].
#include "backend/cpu/kernels/matmul/blocks32.h"

namespace lt::cpu::LT_ISA {
namespace {

struct Q4_1 {
  static constexpr int block_bytes = 20, code_offset = 4;
  static constexpr bool has_min = true;
  using Codes = Nibbles<0>;
  using Scales = Halfs;
};

}  // namespace

extern const MatmulKernel matmul_q4_1 = {3, Format::q8_32, group_rows, Blocks32<Q4_1>::run};

}  // namespace lt::cpu::LT_ISA
