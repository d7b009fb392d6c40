#version 460
//! types
//! half
//! rows 64 128
// matmul_tile.comp for subgroups of exactly eight invocations: 64 outputs by ROWS rows a group, 8 by ROWS / 8 an invocation. The
// lanes of a subgroup want the same rows of x, so each loads one of eight and they tell one another: x needs no shared memory, and
// an invocation can have more rows. The order of addition is the same.
#include "core.glsl"
#extension GL_KHR_shader_subgroup_ballot : require
layout(local_size_x = 64) in;
#include "products.glsl"
#include "blocks.glsl"
#include "type.glsl"

#define OWN (ROWS / 8)        // rows of an invocation
#define EIGHTS (ROWS / 64)    // of them
shared vec4 weights[32 * 16];  // column by four outputs: [16 i + output / 4]

void load_weights(uint t, Share share, uint m0, uint k) {
  const uint left = cols - 32u * k;
  precise float v[32];
  decode32(w, weight_of(share, m0 + t), k, v);
  [[unroll]] for (uint i = 0u; i < 32u; i++) weights[16u * i + (t >> 2)][t & 3u] = i < left ? v[i] : 0.0;
}

void main() {
  const uint lane = gl_SubgroupInvocationID, t = gl_SubgroupID * 8u + lane;
  const uint m0 = gl_WorkGroupID.x * 64u, n0 = OWN * gl_SubgroupID;
  const Share share = share_of(group_down(), ROWS);
  if (leaves(share, t, m0, 64u)) return;
  uint from[EIGHTS];  // the lane's rows of x
  [[unroll]] for (uint e = 0u; e < EIGHTS; e++) from[e] = input_of(share, n0 + 8u * e + lane);
  precise vec4 total[2 * OWN], sum[2 * OWN];
  [[unroll]] for (uint i = 0u; i < 2u * OWN; i++) total[i] = vec4(0.0);

  for (uint chain = 0u; chain < 8u; chain++) {
    [[unroll]] for (uint i = 0u; i < 2u * OWN; i++) sum[i] = vec4(0.0);
    for (uint k = chain; 32u * k < cols; k += 8u) {
      barrier();
      load_weights(t, share, m0, k);
      barrier();
      for (uint i = 0u; i < min(32u, cols - 32u * k); i++) {
        const vec4 a = weights[16u * i + 2u * lane], b = weights[16u * i + 2u * lane + 1u];
        [[unroll]] for (uint e = 0u; e < EIGHTS; e++) {
          const float mine = x.at[from[e] + 32u * k + i];
          [[unroll]] for (uint n = 0u; n < 8u; n++) {
            const vec4 c = vec4(subgroupBroadcast(mine, n));
            sum[16u * e + 2u * n] = fma(a, c, sum[16u * e + 2u * n]);
            sum[16u * e + 2u * n + 1u] = fma(b, c, sum[16u * e + 2u * n + 1u]);
          }
        }
      }
    }
    [[unroll]] for (uint i = 0u; i < 2u * OWN; i++) total[i] = chain == 0u ? sum[i] : total[i] + sum[i];
  }

  [[unroll]] for (uint n = 0u; n < OWN; n++) {
    [[unroll]] for (uint j = 0u; j < 8u; j++) {
      const uint m = m0 + 8u * lane + j;
      if (m < outs && n0 + n < share.count) store_product(share, n0 + n, m, total[2u * n + (j >> 2)][j & 3u]);
    }
  }
}
