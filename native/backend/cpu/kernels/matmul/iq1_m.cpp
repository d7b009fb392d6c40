#include "backend/cpu/kernels/matmul/decoded.h"

namespace lt::cpu::LT_ISA {

extern const MatmulKernel matmul_iq1_m = {29, Format::q8_256, group_rows, Blocks256<DecodedFirst<IQ1_M>>::run};

}  // namespace lt::cpu::LT_ISA
