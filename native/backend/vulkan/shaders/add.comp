#version 460
// y = a + b, a column an invocation.
#include "core.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Floats y, a, b;
  uint y_stride, a_stride, b_stride, cols, rows;
};

void main() {
  const uint c = gl_GlobalInvocationID.x, r = group_down();
  if (c >= cols || r >= rows) return;
  precise float sum = a.at[r * a_stride + c] + b.at[r * b_stride + c];
  y.at[r * y_stride + c] = sum;
}
