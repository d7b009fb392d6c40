#version 460
// y[r] = the sum of weights[r][j] * x[r * used + j], j ascending, one fused multiply-add each: a column an invocation.
#include "core.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Floats y, x, weights;
  uint y_stride, x_stride, weights_stride, used, cols, rows;
};

void main() {
  const uint c = gl_GlobalInvocationID.x, r = group_down();
  if (c >= cols || r >= rows) return;
  precise float sum = 0.0;
  for (uint j = 0u; j < used; j++) sum = fma(weights.at[r * weights_stride + j], x.at[(r * used + j) * x_stride + c], sum);
  y.at[r * y_stride + c] = sum;
}
