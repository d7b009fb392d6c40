#version 460
//! int8
//! rows 1 4
//! subgroup
// matmul_rows.comp with inputs in 8 bits: y = x w^T + bias for ROWS rows of x, in its order: blocks of 32 columns, chain = block
// mod 8, blocks ascending (int8.glsl); the eight chains are added in ascending order, then the bias.
// Eight invocations take the chains of OUTS outputs; a group has eight such eights.
#include "core.glsl"
#ifdef SUBGROUP
#extension GL_KHR_shader_subgroup_basic : require
#extension GL_KHR_shader_subgroup_shuffle : require
#endif
layout(local_size_x = 64) in;
#define INPUTS Words
#include "products.glsl"
#include "blocks.glsl"
#include "type.glsl"
#include "int8.glsl"

#define OUTS 4u
const uint piece = 128u / ROWS;  // blocks of x that are in shared memory at a time: eight or more
shared uint inputs[10u * piece * ROWS];
#ifndef SUBGROUP
shared float chains[64 * ROWS];
#endif

void load_piece(uint t, uint start[ROWS], uint k0) {
  const uint n_words = 10u * min(piece, cols / 32u - k0);
  [[unroll]] for (uint n = 0u; n < ROWS; n++) {
    const uint from = start[n] + 10u * k0;
    for (uint i = t; i < n_words; i += 64u) inputs[10u * piece * n + i] = x.at[from + i];
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
  const uint blocks = cols / 32u;
  precise float sum[OUTS * ROWS];
  [[unroll]] for (uint i = 0u; i < OUTS * ROWS; i++) sum[i] = 0.0;

  for (uint k0 = 0u; k0 < blocks; k0 += piece) {
    barrier();
    load_piece(t, start, k0);
    barrier();
    for (uint k = k0 + chain; k < min(k0 + piece, blocks); k += 8u) {
      uint in_row[8u * ROWS];
      vec2 in_scale[ROWS];
      [[unroll]] for (uint n = 0u; n < ROWS; n++) {
        const uint at = 10u * (piece * n + k - k0);
        [[unroll]] for (uint i = 0u; i < 8u; i++) in_row[8u * n + i] = inputs[at + i];
        in_scale[n] = vec2(uintBitsToFloat(inputs[at + 8u]), uintBitsToFloat(inputs[at + 9u]));
      }
      [[unroll]] for (uint o = 0u; o < OUTS; o++) {
        uint q[8];
        vec2 scale;
        float least;
        codes32(w, weight_of(share, first + o), k, q, scale, least);
        [[unroll]] for (uint n = 0u; n < ROWS; n++) {
          int low = 0, high = 0;
          [[unroll]] for (uint i = 0u; i < 4u; i++) low += dot4(q[i], in_row[8u * n + i]);
          [[unroll]] for (uint i = 4u; i < 8u; i++) high += dot4(q[i], in_row[8u * n + i]);
#ifndef TWO_SCALES
          low += high;
#endif
          sum[o * ROWS + n] = joined(sum[o * ROWS + n], float(low), float(high), scale, least, in_scale[n]);
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
