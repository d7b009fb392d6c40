// The block types that AMX multiplies by many rows. Of fewer, `few` is what every CPU with AVX-512 has. Their own files are compiled once
// more for this room, where all that blocks32.h and blocks256.h run is tiles32.h and tiles256.h.
#include "backend/cpu/kernels/activations.h"
#include "backend/cpu/kernels/matmul/amx/tile.h"

namespace lt::cpu::avx512 {
extern const MatmulKernel matmul_q8_0, matmul_q4_0, matmul_q4_1, matmul_q5_0, matmul_q5_1, matmul_iq4_nl, matmul_mxfp4, matmul_q2_k,
    matmul_q3_k, matmul_q4_k, matmul_q5_k, matmul_q6_k, matmul_iq4_xs;
}

namespace lt::cpu::LT_ISA {
namespace {

template <const MatmulKernel& tiles, const MatmulKernel& few>
void run(const MatmulPiece& p) {
  p.x_rows < amx_min_rows ? few.run(p) : tiles.run(p);
}

template <const MatmulKernel& tiles, const MatmulKernel& few>
constexpr MatmulKernel kernel(uint8_t type, Format format) {
  return {type, format, group_rows, run<tiles, few>};
}

}  // namespace

#define LT_KERNEL(type, name, format) kernel<matmul_##name, avx512::matmul_##name>(type, Format::format)
extern const MatmulKernel amx[amx_types] = {
    LT_KERNEL(2, q4_0, q8_32_amx),    LT_KERNEL(3, q4_1, q8_32_amx),    LT_KERNEL(6, q5_0, q8_32_amx),   LT_KERNEL(7, q5_1, q8_32_amx),
    LT_KERNEL(8, q8_0, q8_32_amx),    LT_KERNEL(20, iq4_nl, q8_32_amx), LT_KERNEL(39, mxfp4, q8_32_amx), LT_KERNEL(10, q2_k, q8_256_amx),
    LT_KERNEL(11, q3_k, q8_256_amx),  LT_KERNEL(12, q4_k, q8_256_amx),  LT_KERNEL(13, q5_k, q8_256_amx), LT_KERNEL(14, q6_k, q8_256_amx),
    LT_KERNEL(23, iq4_xs, q8_256_amx)};
#undef LT_KERNEL

#ifdef LT_AMX_EMULATED
bool tiles_are_live() { return emulated_tiles().configured; }  // of this thread
#endif

}  // namespace lt::cpu::LT_ISA
