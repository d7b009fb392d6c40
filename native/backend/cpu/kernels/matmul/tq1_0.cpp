#include "backend/cpu/kernels/matmul/decoded.h"

namespace lt::cpu::LT_ISA {

extern const MatmulKernel matmul_tq1_0 = {34, Format::q8_256, group_rows, Blocks256<DecodedFirst<TQ1_0>>::run};

}  // namespace lt::cpu::LT_ISA
