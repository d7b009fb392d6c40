#version 460
//! types
//! half
//! rows 1 4
//! subgroup
// y = x w^T + bias for ROWS rows of x: decode. Weights are read once for all of them.
// Order of addition (matmul_tile.comp keeps the same): columns in groups of 32; chain = group mod 8, groups ascending, columns
// ascending, one fused multiply-add each; the eight chains are added in ascending order, then the bias.
// Eight invocations take the chains of OUTS outputs; a group has eight such eights.
#include "core.glsl"
#ifdef SUBGROUP
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#endif
layout(local_size_x = 64) in;
#include "products.glsl"
#include "blocks.glsl"
#include "type.glsl"

#define OUTS 4u
const uint piece = 2048u / ROWS;              // columns of x that are in shared memory at a time: whole groups, eight or more
const uint piece_row = piece + piece / 32u;   // a word is left between groups, which so begin in different banks
shared float inputs[piece_row * ROWS];
#ifndef SUBGROUP
shared float chains[64 * ROWS];
#endif

void load_piece(uint t, uint start[ROWS], uint k0) {
  [[unroll]] for (uint n = 0u; n < ROWS; n++) {
    const uint from = start[n] + 32u * k0;
    for (uint c = t; c < min(piece, (cols - 32u * k0 + 31u) & ~31u); c += 64u)
      inputs[n * piece_row + c + (c >> 5)] = 32u * k0 + c < cols ? x.at[from + c] : 0.0;
  }
}

void main() {
#ifdef SUBGROUP
  const uint t = gl_SubgroupID * gl_SubgroupSize + gl_SubgroupInvocationID;
#else
  const uint t = gl_LocalInvocationID.x;
#endif
  const uint chain = t & 7u, first = gl_WorkGroupID.x * (8u * OUTS) + (t >> 3) * OUTS;
  const Share share = share_of(group_down(), ROWS);
  if (leaves(share, t, gl_WorkGroupID.x * (8u * OUTS), 8u * OUTS)) return;
  uint start[ROWS];
  [[unroll]] for (uint n = 0u; n < ROWS; n++) start[n] = input_of(share, n);
  precise float sum[OUTS * ROWS];
  [[unroll]] for (uint i = 0u; i < OUTS * ROWS; i++) sum[i] = 0.0;

  for (uint k0 = 0u; 32u * k0 < cols; k0 += piece / 32u) {
    barrier();
    load_piece(t, start, k0);
    barrier();
    for (uint k = k0 + chain; k < k0 + piece / 32u && 32u * k < cols; k += 8u) {
      const uint left = cols - 32u * k;
      float in_row[ROWS * 32];
      [[unroll]] for (uint n = 0u; n < ROWS; n++) {
        [[unroll]] for (uint i = 0u; i < 32u; i++) in_row[32u * n + i] = inputs[n * piece_row + 33u * (k - k0) + i];
      }
      [[unroll]] for (uint o = 0u; o < OUTS; o++) {
        precise float v[32];
        decode32(w, weight_of(share, first + o), k, v);
        if (left < 32u) {
          [[unroll]] for (uint i = 0u; i < 32u; i++) v[i] = i < left ? v[i] : 0.0;
        }
        [[unroll]] for (uint n = 0u; n < ROWS; n++) {
          [[unroll]] for (uint i = 0u; i < 32u; i++) sum[o * ROWS + n] = fma(v[i], in_row[32u * n + i], sum[o * ROWS + n]);
        }
      }
    }
  }

  [[unroll]] for (uint o = 0u; o < OUTS; o++) {
#ifndef SUBGROUP
    barrier();
    [[unroll]] for (uint n = 0u; n < ROWS; n++) chains[64u * n + t] = sum[o * ROWS + n];
    barrier();
#endif
    [[unroll]] for (uint n = 0u; n < ROWS; n++) {
#ifdef SUBGROUP
      precise float total = subgroupShuffle(sum[o * ROWS + n], gl_SubgroupInvocationID & ~7u);
      [[unroll]] for (uint i = 1u; i < 8u; i++) total = total + subgroupShuffle(sum[o * ROWS + n], (gl_SubgroupInvocationID & ~7u) + i);
#else
      precise float total = chains[64u * n + (t & ~7u)];
      [[unroll]] for (uint i = 1u; i < 8u; i++) total = total + chains[64u * n + (t & ~7u) + i];
#endif
      const uint m = first + o;
      if (chain == 0u && m < outs && n < share.count) store_product(share, n, m, total);
    }
  }
}
