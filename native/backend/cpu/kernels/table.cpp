// What this ISA's build of kernels/ offers. A weight type that is not listed runs on its decoder in quant/ and matmul_f32.
#include "backend/cpu/kernels.h"
#include "backend/cpu/kernels/rows.h"

#ifdef LT_ISA_AVX512
namespace lt::cpu::avx512vbmi {
extern const MatmulKernel books[book_types];
}
#endif
#ifdef LT_HAS_AMX
namespace lt::cpu::avx512amx {
extern const MatmulKernel amx[amx_types];
}
#endif

namespace lt::cpu::LT_ISA {

using namespace lt::cpu::LT_BASE;

#define LT_TEXT2(x) #x
#define LT_TEXT(x) LT_TEXT2(x)

static const MatmulKernel* const all[] = {&matmul_f32,   &matmul_f16,     &matmul_bf16,   &matmul_q8_0,  &matmul_q4_0,    &matmul_q4_1,
                                          &matmul_q5_0,  &matmul_q5_1,    &matmul_iq4_nl, &matmul_mxfp4, &matmul_q3_k,    &matmul_q4_k,
                                          &matmul_q5_k,  &matmul_q6_k,    &matmul_iq4_xs, &matmul_tq2_0, &matmul_q2_k,    &matmul_iq1_s,
                                          &matmul_iq1_m, &matmul_iq2_xxs, &matmul_iq2_xs, &matmul_iq2_s, &matmul_iq3_xxs, &matmul_iq3_s,
                                          &matmul_tq1_0, &matmul_nvfp4,   &matmul_q1_0,   &matmul_q2_0};

#ifdef LT_ISA_AVX512
static const Prepare* const pairs_of_bf16 = &prepare_bf16;
static const MatmulKernel* const dot_of_bf16 = &matmul_bf16_dot;
static double (*const peak_of_dots)(int64_t) = peak_bf16;
static const Prepare* const planes = &prepare_q8_planes;
static const MatmulKernel* const books = avx512vbmi::books;
static const Prepare *const rows32_of_tiles = &prepare_q8_32_amx, *const rows256_of_tiles = &prepare_q8_256_amx;
#else
constexpr const Prepare* pairs_of_bf16 = nullptr;
constexpr const MatmulKernel* dot_of_bf16 = nullptr;
constexpr double (*peak_of_dots)(int64_t) = nullptr;
constexpr const Prepare* planes = nullptr;
constexpr const MatmulKernel* books = nullptr;
constexpr const Prepare *rows32_of_tiles = nullptr, *rows256_of_tiles = nullptr;
#endif
#ifdef LT_HAS_AMX
static const MatmulKernel* const tiles = avx512amx::amx;
#else
constexpr const MatmulKernel* tiles = nullptr;
#endif

extern const Kernels kernels = {
    LT_TEXT(LT_ISA),
    {&prepare_f32, &prepare_q8_32, &prepare_q8_256, planes, pairs_of_bf16, &prepare_bf16_wide, rows32_of_tiles, rows256_of_tiles},
    all,
    sizeof(all) / sizeof(all[0]),
    dot_of_bf16,
    books,
    tiles,
    norm,
    map,
    rope,
    to_f16,
    to_q8_0,
    attend,
    attend_merge,
    route,
    combine,
    conv,
    scan,
    delta,
    wkv,
    peak_f32,
    peak_int8,
    peak_of_dots};

}  // namespace lt::cpu::LT_ISA
