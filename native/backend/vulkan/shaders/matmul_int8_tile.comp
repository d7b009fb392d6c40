#version 460
//! int8
// matmul_int8_rows.comp for many rows, with its bits: 64 outputs by 32 rows a group, 8 by 4 an invocation, through tiles in shared
// memory. The chains are walked one after the other, each over its blocks of 32 columns.
#include "int8_tile.glsl"

// Codes of four outputs, four columns a word: [16 j + output / 4]; inputs of four rows: [8 j + row / 4]. Word j of a block.
shared uvec4 weights[16 * 8];
shared uvec4 inputs[8 * 8];

void store_codes(uint t, uint q[8]) {
  [[unroll]] for (uint j = 0u; j < 8u; j++) weights[16u * j + (t >> 2)][t & 3u] = q[j];
}
void store_input(uint n, uint j, uint word) { inputs[8u * j + (n >> 2)][n & 3u] = word; }

// Of the block's words [from, to): products of the invocation's outputs with its rows, [4 n + o / 2..].
void products(uint t, uint from, uint to, inout ivec4 s[8]) {
  const uint mt = t & 7u, nt = t >> 3;
  for (uint j = from; j < to; j++) {
    const uvec4 a = weights[16u * j + 2u * mt], b = weights[16u * j + 2u * mt + 1u], c = inputs[8u * j + nt];
    [[unroll]] for (uint n = 0u; n < 4u; n++) {
      [[unroll]] for (uint o = 0u; o < 4u; o++) {
        s[2u * n][o] += dot4(a[o], c[n]);
        s[2u * n + 1u][o] += dot4(b[o], c[n]);
      }
    }
  }
}

void multiply(uint t, inout vec4 sum[8]) {
  ivec4 low[8], high[8];
  [[unroll]] for (uint i = 0u; i < 8u; i++) low[i] = high[i] = ivec4(0);
#ifdef TWO_SCALES
  products(t, 0u, 4u, low);
  products(t, 4u, 8u, high);
#else
  products(t, 0u, 8u, low);
#endif
  [[unroll]] for (uint n = 0u; n < 4u; n++) {
    [[unroll]] for (uint o = 0u; o < 8u; o++) {
      const uint i = 2u * n + (o >> 2);
      join_block(t, n, o, float(low[i][o & 3u]), float(high[i][o & 3u]), sum);
    }
  }
}

void main() { walk(); }
