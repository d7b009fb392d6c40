#include "backend/cpu/kernels/matmul/decoded.h"

namespace lt::cpu::LT_ISA {

extern const MatmulKernel matmul_iq2_xs = {17, Format::q8_256, group_rows, Blocks256<DecodedFirst<IQ2_XS>>::run};

}  // namespace lt::cpu::LT_ISA
