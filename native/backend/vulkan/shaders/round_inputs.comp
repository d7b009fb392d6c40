#version 460
// Rows of x in 8 bits, a block of 32 columns an invocation: eight words of signed bytes, then d = max|x| / 127, then d times the
// sum of the bytes.
#include "core.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Floats x;
  Words rounded;
  uint x_stride, rounded_stride, cols, rows;
};

void main() {
  const uint k = gl_GlobalInvocationID.x, r = group_down();
  if (32u * k >= cols || r >= rows) return;
  const uint from = r * x_stride + 32u * k, to = r * rounded_stride + 10u * k;
  float v[32];
  float most = 0.0;
  [[unroll]] for (uint i = 0u; i < 32u; i++) {
    v[i] = x.at[from + i];
    const float size = abs(v[i]);
    most = size > most || isnan(size) ? size : most;  // once a NaN, always: d then carries it into the result
  }
  precise float d = most * (1.0 / 127.0), inverse = most > 0.0 ? 127.0 / most : 0.0;
  int sum = 0;
  [[unroll]] for (uint j = 0u; j < 8u; j++) {
    uint word = 0u;
    [[unroll]] for (uint i = 0u; i < 4u; i++) {
      precise float moved = v[4u * j + i] * inverse + 12582912.0;  // 1.5 * 2^23: the low bits are the rounded integer
      const int q = int(floatBitsToUint(moved) << 24) >> 24;
      sum += q;
      word |= uint(q & 0xff) << (8u * i);
    }
    rounded.at[to + j] = word;
  }
  precise float total = d * float(sum);
  rounded.at[to + 8u] = floatBitsToUint(d);
  rounded.at[to + 9u] = floatBitsToUint(total);
}
