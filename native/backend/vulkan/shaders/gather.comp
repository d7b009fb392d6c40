#version 460
//! types
// y[r] = table[ids[r]], 32 columns an invocation.
#include "core.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Words books, w;
  Ints ids;
  Floats y;
  uint w_stride, ids_stride, y_stride, cols, rows;
};
#include "blocks.glsl"
#include "type.glsl"

void main() {
  const uint k = gl_GlobalInvocationID.x, r = group_down();
  if (32u * k >= cols || r >= rows) return;
  precise float x[32];
  decode32(w, uint(ids.at[r * ids_stride]) * w_stride, k, x);
  const uint to = r * y_stride + 32u * k, n = cols - 32u * k;
  [[unroll]] for (uint i = 0u; i < 32u; i++) {
    if (i < n) y.at[to + i] = x[i];
  }
}
