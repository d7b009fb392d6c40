#include "backend/cpu/kernels/matmul/decoded.h"

namespace lt::cpu::LT_ISA {

extern const MatmulKernel matmul_iq3_s = {21, Format::q8_256, group_rows, Blocks256<DecodedFirst<IQ3_S>>::run};

}  // namespace lt::cpu::LT_ISA
