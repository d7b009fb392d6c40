#include "backend/cpu/kernels/matmul/decoded.h"

namespace lt::cpu::LT_ISA {

extern const MatmulKernel matmul_iq2_s = {22, Format::q8_256, group_rows, Blocks256<DecodedFirst<IQ2_S>>::run};

}  // namespace lt::cpu::LT_ISA
