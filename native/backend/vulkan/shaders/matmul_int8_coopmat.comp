#version 460
//! int8
//! coopmat
// matmul_int8_tile.comp with the products of codes in cooperative matrices: f16 times f16, summed in f32. Codes are integers of at
// most 8 bits, exact in f16; a block's sum is below 2^20, exact in f32 whatever the device's order. So the bits are the tile's.
#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_EXT_shader_explicit_arithmetic_types_float16 : require
#pragma use_vulkan_memory_model
#include "int8_tile.glsl"

layout(constant_id = 0) const uint M = 16u;
layout(constant_id = 1) const uint N = 16u;
layout(constant_id = 2) const uint K = 16u;

const uint row_of_codes = 40u;  // 32 columns; rows begin at multiples of 16 bytes, in different banks
const uint row_of_sums = 36u;   // 32 rows of x
shared float16_t weights[64u * row_of_codes];
shared float16_t inputs[32u * row_of_codes];
#ifdef TWO_SCALES
const uint halves = 2u;
#else
const uint halves = 1u;
#endif
shared float sums[halves * 64u * row_of_sums];

void store_codes(uint t, uint q[8]) {
  [[unroll]] for (uint i = 0u; i < 32u; i++) weights[row_of_codes * t + i] = float16_t(signed_byte(byte_of(q[i >> 2], i)));
}
void store_input(uint n, uint j, uint word) {
  [[unroll]] for (uint i = 0u; i < 4u; i++) inputs[row_of_codes * n + 4u * j + i] = float16_t(signed_byte(byte_of(word, i)));
}

// The block's products of M outputs from m on and N rows from n on, of columns [from, to), into `sums`.
void product(uint m, uint n, uint from, uint to, uint half_of_sums) {
  coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator> s =
      coopmat<float, gl_ScopeSubgroup, M, N, gl_MatrixUseAccumulator>(0.0);
  for (uint c = from; c < to; c += K) {
    coopmat<float16_t, gl_ScopeSubgroup, M, K, gl_MatrixUseA> a;
    coopmat<float16_t, gl_ScopeSubgroup, K, N, gl_MatrixUseB> b;
    coopMatLoad(a, weights, row_of_codes * m + c, row_of_codes, gl_CooperativeMatrixLayoutRowMajor);
    coopMatLoad(b, inputs, row_of_codes * n + c, row_of_codes, gl_CooperativeMatrixLayoutColumnMajor);
    s = coopMatMulAdd(a, b, s);
  }
  coopMatStore(s, sums, row_of_sums * (64u * half_of_sums + m) + n, row_of_sums, gl_CooperativeMatrixLayoutRowMajor);
}

void multiply(uint t, inout vec4 sum[8]) {
  const uint across = 32u / N, pieces = (64u / M) * across;
  for (uint p = gl_SubgroupID; p < pieces; p += gl_NumSubgroups) {
    const uint m = M * (p / across), n = N * (p % across);
#ifdef TWO_SCALES
    product(m, n, 0u, 16u, 0u);
    product(m, n, 16u, 32u, 1u);
#else
    product(m, n, 0u, 32u, 0u);
#endif
  }
  barrier();
  [[unroll]] for (uint n = 0u; n < 4u; n++) {
    [[unroll]] for (uint o = 0u; o < 8u; o++) {
      const uint at = row_of_sums * (8u * (t & 7u) + o) + 4u * (t >> 3) + n;
      join_block(t, n, o, sums[at], sums[at + (halves - 1u) * 64u * row_of_sums], sum);
    }
  }
}

void main() { walk(); }
