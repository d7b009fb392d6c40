#version 460
// y[at[i]] = x[i], a column an invocation.
#include "core.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Floats y, x;
  Ints to;
  uint y_stride, x_stride, to_stride, cols, rows;
};

void main() {
  const uint c = gl_GlobalInvocationID.x, i = group_down();
  if (c >= cols || i >= rows) return;
  y.at[uint(to.at[i * to_stride]) * y_stride + c] = x.at[i * x_stride + c];
}
