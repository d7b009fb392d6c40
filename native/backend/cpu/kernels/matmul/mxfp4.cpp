// MXFP4: u8 exponent of d; u8 nibbles[16], each a number of four bits.
#include "backend/cpu/kernels/matmul/blocks32.h"
#include "backend/cpu/kernels/matmul/levels.h"

namespace lt::cpu::LT_ISA {
namespace {

struct Powers {
  static uint16_t read(const uint8_t* p) { return half_power(*p); }
  static float4 four(uint64_t d) { return bf16_to_float4(d); }
  static floats wide(const uint16_t* d) { return load_bf16_wide(d); }
#ifdef LT_ISA_AVX2
  template <int stride>
  static floats of_two(const uint8_t* const (&w)[4], size_t at) {
    return half_powers_of_two<stride>(w, at);
  }
#endif
#ifdef LT_ISA_AVX512
  template <int stride, int at>
  static floats of_four(const uint8_t* const (&w)[4]) {
    return half_powers_of_four<stride, at>(w);
  }
#endif
};

struct MXFP4 {
  static constexpr int block_bytes = 17, code_offset = 1;
  static constexpr bool has_min = false;
  using Codes = Levels<Fp4Levels>;
  using Scales = Powers;
};

}  // namespace

extern const MatmulKernel matmul_mxfp4 = {39, Format::q8_32, group_rows, Blocks32<MXFP4>::run};

}  // namespace lt::cpu::LT_ISA
