#include "backend/cpu/kernels/matmul/decoded.h"

namespace lt::cpu::LT_ISA {

extern const MatmulKernel matmul_iq1_s = {19, Format::q8_256, group_rows, Blocks256<DecodedFirst<IQ1_S>>::run};

}  // namespace lt::cpu::LT_ISA
