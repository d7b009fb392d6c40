// IQ4_NL: f16 d; u8 nibbles[16], each the number of a level.
#include "backend/cpu/kernels/matmul/blocks32.h"
#include "backend/cpu/kernels/matmul/levels.h"

namespace lt::cpu::LT_ISA {
namespace {

struct IQ4_NL {
  static constexpr int block_bytes = 18, code_offset = 2;
  static constexpr bool has_min = false;
  using Codes = Levels<Iq4Levels>;
  using Scales = Halfs;
};

}  // namespace

extern const MatmulKernel matmul_iq4_nl = {20, Format::q8_32, group_rows, Blocks32<IQ4_NL>::run};

}  // namespace lt::cpu::LT_ISA
