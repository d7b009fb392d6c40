#version 460
// y = silu(g) * u, silu(x) = x / (1 + e^-x) (Elfwing et al. 2017).
#include "core.glsl"
#include "exponential.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Floats y, g, u;
  uint y_stride, g_stride, u_stride, cols, rows;
};

void main() {
  const uint c = gl_GlobalInvocationID.x, r = group_down();
  if (c >= cols || r >= rows) return;
  const float x = g.at[r * g_stride + c];
  precise float silu = x / (1.0 + exponential(-x));
  precise float product = silu * u.at[r * u_stride + c];
  y.at[r * y_stride + c] = product;
}
