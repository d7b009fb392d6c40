// Q4_0: f16 d; u8 nibbles[16], less 8.
#include "backend/cpu/kernels/matmul/blocks32.h"

namespace lt::cpu::LT_ISA {
namespace {

struct Q4_0 {
  static constexpr int block_bytes = 18, code_offset = 2;
  static constexpr bool has_min = false;
  using Codes = Nibbles<8>;
  using Scales = Halfs;
};

}  // namespace

extern const MatmulKernel matmul_q4_0 = {2, Format::q8_32, group_rows, Blocks32<Q4_0>::run};

}  // namespace lt::cpu::LT_ISA
