#version 460
//! types
// y = x w^T + bias, 64 outputs by 32 rows a group, 8 by 4 an invocation, through tiles in shared memory: prefill.
// The order of addition is matmul_rows.comp's: the chains are walked one after the other, each over its groups of 32 columns.
#include "core.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Words books, w;
  Floats x, bias, y;
  uint w_stride, x_stride, y_stride, cols, outs, rows, biased;
};
#include "blocks.glsl"
#include "type.glsl"

shared vec4 weights[2 * 32 * 8];  // column by four outputs: [i * 16 + output / 4]
shared vec4 inputs[32 * 8];       // column by four rows: [i * 8 + row / 4]

void main() {
  const uint t = gl_LocalInvocationID.x;
  const uint m0 = gl_WorkGroupID.x * 64u, n0 = gl_WorkGroupID.y * 32u;
  const uint mt = t & 7u, nt = t >> 3;  // outputs 8 mt.., rows 4 nt..
  precise vec4 total[8], sum[8];        // [half * 4 + row]
  [[unroll]] for (uint i = 0u; i < 8u; i++) total[i] = vec4(0.0);

  for (uint chain = 0u; chain < 8u; chain++) {
    [[unroll]] for (uint i = 0u; i < 8u; i++) sum[i] = vec4(0.0);
    for (uint k = chain; 32u * k < cols; k += 8u) {
      const uint left = cols - 32u * k;
      barrier();
      {
        precise float v[32];
        decode32(w, min(m0 + t, outs - 1u) * w_stride, k, v);
        [[unroll]] for (uint i = 0u; i < 32u; i++) weights[i * 16u + (t >> 2)][t & 3u] = i < left ? v[i] : 0.0;
      }
      {
        const uint n = t >> 1, half_row = 16u * (t & 1u), from = min(n0 + n, rows - 1u) * x_stride + 32u * k + half_row;
        [[unroll]] for (uint i = 0u; i < 16u; i++)
          inputs[(half_row + i) * 8u + (n >> 2)][n & 3u] = half_row + i < left ? x.at[from + i] : 0.0;
      }
      barrier();
      for (uint i = 0u; i < 32u; i++) {
        const vec4 a = weights[i * 16u + 2u * mt], b = weights[i * 16u + 2u * mt + 1u], c = inputs[i * 8u + nt];
        [[unroll]] for (uint n = 0u; n < 4u; n++) {
          sum[n] = fma(a, vec4(c[n]), sum[n]);
          sum[4u + n] = fma(b, vec4(c[n]), sum[4u + n]);
        }
      }
    }
    [[unroll]] for (uint i = 0u; i < 8u; i++) total[i] = chain == 0u ? sum[i] : total[i] + sum[i];
  }

  [[unroll]] for (uint n = 0u; n < 4u; n++) {
    [[unroll]] for (uint j = 0u; j < 8u; j++) {
      const uint m = m0 + 8u * mt + j, r = n0 + 4u * nt + n;
      precise float v = total[(j >> 2) * 4u + n][j & 3u];
      if (m < outs && r < rows) {
        if (biased != 0u) v = v + bias.at[m];
        y.at[r * y_stride + m] = v;
      }
    }
  }
}
