#version 460
//! types
//! half
//! rows 32 64
// y = x w^T + bias, 64 outputs by ROWS rows a group, 8 by ROWS / 8 an invocation, through tiles in shared memory: prefill.
// The order of addition is matmul_rows.comp's: the chains are walked one after the other, each over its groups of 32 columns.
#include "core.glsl"
layout(local_size_x = 64) in;
#include "products.glsl"
#include "blocks.glsl"
#include "type.glsl"

#define OWN (ROWS / 8)  // rows of an invocation
shared vec4 weights[32 * 16];     // column by four outputs: [16 i + output / 4]
shared float inputs[32 * ROWS];   // column by row: [ROWS i + row]

// 64 invocations load ROWS rows of 32 columns: so many columns each.
const uint own = ROWS / 2;
uint row_of(uint t) { return t / (32u / own); }

// x's row for the invocation begins at `from`.
void load_tile(uint t, Share share, uint m0, uint from, uint k) {
  const uint left = cols - 32u * k;
  precise float v[32];
  decode32(w, weight_of(share, m0 + t), k, v);
  [[unroll]] for (uint i = 0u; i < 32u; i++) weights[16u * i + (t >> 2)][t & 3u] = i < left ? v[i] : 0.0;
  const uint n = row_of(t), c = own * (t % (32u / own));
  [[unroll]] for (uint i = 0u; i < own; i++) inputs[ROWS * (c + i) + n] = c + i < left ? x.at[from + 32u * k + c + i] : 0.0;
}

void main() {
  const uint t = gl_LocalInvocationID.x;
  const uint m0 = gl_WorkGroupID.x * 64u;
  const Share share = share_of(group_down(), ROWS);
  if (leaves(share, t, m0, 64u)) return;
  const uint from = input_of(share, row_of(t));
  const uint mt = t & 7u, nt = t >> 3;  // outputs 8 mt.., rows OWN nt..
  precise vec4 total[2 * OWN], sum[2 * OWN];
  [[unroll]] for (uint i = 0u; i < 2u * OWN; i++) total[i] = vec4(0.0);

  for (uint chain = 0u; chain < 8u; chain++) {
    [[unroll]] for (uint i = 0u; i < 2u * OWN; i++) sum[i] = vec4(0.0);
    for (uint k = chain; 32u * k < cols; k += 8u) {
      barrier();
      load_tile(t, share, m0, from, k);
      barrier();
      for (uint i = 0u; i < 32u; i++) {
        const vec4 a = weights[16u * i + 2u * mt], b = weights[16u * i + 2u * mt + 1u];
        [[unroll]] for (uint n = 0u; n < OWN; n++) {
          const vec4 c = vec4(inputs[ROWS * i + OWN * nt + n]);
          sum[2u * n] = fma(a, c, sum[2u * n]);
          sum[2u * n + 1u] = fma(b, c, sum[2u * n + 1u]);
        }
      }
    }
    [[unroll]] for (uint i = 0u; i < 2u * OWN; i++) total[i] = chain == 0u ? sum[i] : total[i] + sum[i];
  }

  [[unroll]] for (uint n = 0u; n < OWN; n++) {
    [[unroll]] for (uint j = 0u; j < 8u; j++) {
      const uint m = m0 + 8u * mt + j, r = OWN * nt + n;
      if (m < outs && r < share.count) store_product(share, r, m, total[2u * n + (j >> 2)][j & 3u]);
    }
  }
}
