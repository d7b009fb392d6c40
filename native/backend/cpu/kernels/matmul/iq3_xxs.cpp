#include "backend/cpu/kernels/matmul/decoded.h"

namespace lt::cpu::LT_ISA {

extern const MatmulKernel matmul_iq3_xxs = {18, Format::q8_256, group_rows, Blocks256<DecodedFirst<IQ3_XXS>>::run};

}  // namespace lt::cpu::LT_ISA
