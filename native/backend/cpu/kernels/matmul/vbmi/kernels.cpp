// The types with code books on CPUs whose AVX-512 permutes bytes. What they compute is said in blocks256.h.
#include "backend/cpu/kernels/matmul/blocks256.h"
#include "backend/cpu/kernels/matmul/vbmi/eights.h"
#include "backend/cpu/kernels/matmul/vbmi/fours.h"
#include "simd/simd.h"

namespace lt::cpu::avx512 {
extern const MatmulKernel matmul_iq1_s, matmul_iq1_m, matmul_iq2_xxs, matmul_iq2_xs, matmul_iq2_s, matmul_iq3_xxs, matmul_iq3_s;
}

namespace lt::cpu::LT_ISA {
namespace {

// Many input rows, by tile, are what `tiles` computes.
template <class B, const MatmulKernel& tiles>
struct ByPlanes {
  static constexpr int values = 256, block_bytes = B::block_bytes;

  // Four blocks, of which d holds the scales.
  template <int T>
  LT_INLINE void four(float4 (&acc)[T], const B& book, const uint8_t* w, uint64_t d, const PlaneQuad* x, int64_t quads_a_token) {
    ints s[T][4];
    LT_ROLLED
    for (int i = 0; i < 4; i += B::together) {
      Planes planes[B::together];
      book.decode(planes, w + i * block_bytes);
      LT_UNROLL
      for (int k = 0; k < B::together; k++) {
        LT_UNROLL
        for (int t = 0; t < T; t++) {
          const PlaneBlock& block = x[t * quads_a_token].block[i + k];
          ints sum = load_ints(block.start);
          LT_UNROLL
          for (int p = 0; p < 4; p++) sum = dot8(sum, planes[k].weights[p], load_bytes(block.q[p]));
          s[t][i + k] = mul_ints(sum, planes[k].scales);
        }
      }
    }
    float4 scale = halfs_to_float4(d);
    if constexpr (B::factor != 0x3c00) scale = mul_float4(scale, halfs_to_float4(0x0001000100010001 * B::factor));
    LT_UNROLL
    for (int t = 0; t < T; t++) {
      const float4 v = mul_float4(scale, to_float4(sum_each(s[t][0], s[t][1], s[t][2], s[t][3])));
      acc[t] = fma_float4(v, load_float4(x[t * quads_a_token].d), acc[t]);
    }
  }
  static uint64_t d_of(const uint8_t* w, int i) { return uint64_t(B::d_of(w + i * block_bytes)) << 16 * i; }

  // Fewer than four blocks. Absent ones add -0, which changes no sum. One token at a time: most rows have none.
  LT_OUTLINED static void tail(float4& acc, const uint8_t* w, int blocks, const PlaneQuad* x) {
    uint8_t all[4 * block_bytes] = {};
    memcpy(all, w, size_t(blocks) * block_bytes);
    uint64_t d = 0x8000800080008000 << 16 * blocks;
    for (int i = 0; i < blocks; i++) d |= d_of(w, i);
    float4 sums[1] = {acc};
    four(sums, B(), all, d, x, 0);
    acc = sums[0];
  }

  template <int R, int T>
  static void rows(float (&v)[R][T], const uint8_t* (&w)[R], const PlaneQuad* x, int64_t quads_a_token, int64_t blocks, int64_t ahead,
                   int64_t) {
    const B book;
    float4 acc[R][T];
    for (auto& row : acc)
      for (float4& a : row) a = zero_float4();
    for (; blocks >= 4; blocks -= 4, ++x) {
      LT_ROLLED
      for (int r = 0; r < R; ++r) {
        for (int i = 0; i < 4 * block_bytes; i += 64) prefetch_far(w[r] + ahead + i);
        four(acc[r], book, w[r], d_of(w[r], 0) | d_of(w[r], 1) | d_of(w[r], 2) | d_of(w[r], 3), x, quads_a_token);
        w[r] += 4 * block_bytes;
      }
    }
    for (int r = 0; r < R; ++r) {
      for (int64_t i = 0; i < blocks * block_bytes; i += 64) prefetch_far(w[r] + ahead + i);
      for (int t = 0; t < T; ++t) {
        if (blocks) tail(acc[r][t], w[r], int(blocks), x + t * quads_a_token);
        v[r][t] = fold_chains(acc[r][t]);
      }
    }
  }

  // As many tokens at once as there are: a block is unpacked in the time that five of them take to use it. Of the last rows, which go one
  // by one, few, so that there is less code.
  template <int R, int T = R == 1 ? 2 : 8>
  static void tokens(const MatmulPiece& p, int64_t m, int64_t apart, int64_t token, int64_t ahead) {
    if constexpr (T > 1) {
      if (p.x_rows - token < T) return tokens<R, T - 1>(p, m, apart, token, ahead);
    }
    some_rows<R, T, ByPlanes, PlaneQuad>(p, token, m, apart, ahead);
    if (token + T < p.x_rows) tokens<R>(p, m, apart, token + T, ahead);
  }

  // By row in the way of rows.h.
  static void run(const MatmulPiece& p) {
    if (by_tile(p.x_rows, p.cols, PlaneQuad::tiles_from)) return tiles.run(p);
    constexpr int64_t page = 4096, far = 32768, near = 8192;
    constexpr int R = rows_together;
    const int64_t apart = p.w_stride >= page ? 1 : (page + p.w_stride / 2) / p.w_stride;
    const int64_t all = R * apart * p.w_stride, ahead = all <= far ? all : near;
    int64_t m = p.first;
    for (; m + R * apart <= p.last; m += R * apart)
      for (int64_t i = m; i < m + apart; i++) tokens<R>(p, i, apart, 0, ahead);
    for (; m < p.last; m++) tokens<1>(p, m, 0, 0, near);
  }
};

template <class B, const MatmulKernel& tiles>
constexpr MatmulKernel kernel(uint8_t type) {
  return {type, Format::q8_planes, group_rows, ByPlanes<B, tiles>::run};
}

}  // namespace

extern const MatmulKernel books[book_types] = {
    kernel<BookIQ2_XXS, avx512::matmul_iq2_xxs>(16), kernel<BookIQ2_XS, avx512::matmul_iq2_xs>(17),
    kernel<BookIQ3_XXS, avx512::matmul_iq3_xxs>(18), kernel<BookIQ1_S, avx512::matmul_iq1_s>(19),
    kernel<BookIQ3_S, avx512::matmul_iq3_s>(21),     kernel<BookIQ2_S, avx512::matmul_iq2_s>(22),
    kernel<BookIQ1_M, avx512::matmul_iq1_m>(29)};

}  // namespace lt::cpu::LT_ISA
