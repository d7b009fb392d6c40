// Q8_0: f16 d; i8 q[32].
#include "backend/cpu/kernels/matmul/blocks32.h"

namespace lt::cpu::LT_ISA {
namespace {

struct Q8_0 {
  static constexpr int block_bytes = 34, code_offset = 2;
  static constexpr bool has_min = false;
  using Codes = SignedBytes;
  using Scales = Halfs;
};

}  // namespace

extern const MatmulKernel matmul_q8_0 = {8, Format::q8_32, group_rows, Blocks32<Q8_0>::run};

}  // namespace lt::cpu::LT_ISA
