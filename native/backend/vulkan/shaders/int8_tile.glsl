// What the tiles with inputs in 8 bits share: 64 outputs by 32 rows a group, 8 by 4 an invocation. A tile gives, for
//   store_codes(t, q)       output t's eight words of a block
//   store_input(n, j, word) word j of row n's block
//   multiply(t, sum)        the block joins the sums of invocation t, by join_block
#include "core.glsl"
layout(local_size_x = 64) in;
#define INPUTS Words
#include "products.glsl"
#include "blocks.glsl"
#include "type.glsl"
#include "int8.glsl"

shared vec2 scales[64];
shared float leasts[64];
shared vec2 input_scales[32];

void store_codes(uint t, uint q[8]);
void store_input(uint n, uint j, uint word);
void multiply(uint t, inout vec4 sum[8]);

// sum[2 n + o / 4][o mod 4]: output 8 mt + o of row 4 nt + n, mt = t mod 8, nt = t / 8.
void join_block(uint t, uint n, uint o, float low, float high, inout vec4 sum[8]) {
  const uint m = 8u * (t & 7u) + o, i = 2u * n + (o >> 2);
#ifdef LEAST
  const float least = leasts[m];
#else
  const float least = 0.0;
#endif
  sum[i][o & 3u] = joined(sum[i][o & 3u], low, high, scales[m], least, input_scales[4u * (t >> 3) + n]);
}

// x's row for the invocation begins at `start`.
void load_block(uint t, Share share, uint m0, uint start, uint k) {
  uint q[8];
  float least;
  codes32(w, weight_of(share, m0 + t), k, q, scales[t], least);
  store_codes(t, q);
#ifdef LEAST
  leasts[t] = least;
#endif
  // Two invocations a row: five words each.
  const uint n = t >> 1, from = start + 10u * k;
  [[unroll]] for (uint i = 0u; i < 4u; i++) store_input(n, 4u * (t & 1u) + i, x.at[from + 4u * (t & 1u) + i]);
  input_scales[n][t & 1u] = uintBitsToFloat(x.at[from + 8u + (t & 1u)]);
}

void walk() {
  const uint t = gl_LocalInvocationID.x, m0 = gl_WorkGroupID.x * 64u;
  const Share share = share_of(group_down(), 32u);
  if (leaves(share, t, m0, 64u)) return;
  const uint start = input_of(share, t >> 1);
  precise vec4 total[8], sum[8];
  [[unroll]] for (uint i = 0u; i < 8u; i++) total[i] = vec4(0.0);
  for (uint chain = 0u; chain < 8u; chain++) {
    [[unroll]] for (uint i = 0u; i < 8u; i++) sum[i] = vec4(0.0);
    for (uint k = chain; 32u * k < cols; k += 8u) {
      barrier();
      load_block(t, share, m0, start, k);
      barrier();
      multiply(t, sum);
    }
    [[unroll]] for (uint i = 0u; i < 8u; i++) total[i] = chain == 0u ? sum[i] : total[i] + sum[i];
  }
  [[unroll]] for (uint n = 0u; n < 4u; n++) {
    [[unroll]] for (uint o = 0u; o < 8u; o++) {
      const uint m = m0 + 8u * (t & 7u) + o, r = 4u * (t >> 3) + n;
      if (m < outs && r < share.count) store_product(share, r, m, total[2u * n + (o >> 2)][o & 3u]);
    }
  }
}
