#version 460
// y = x / sqrt(mean(x^2) + eps) * w over the columns of a head (Zhang & Sennrich 2019); a head a group.
// Order: invocation = column mod 64, columns ascending, then the 64 sums fold by halves.
#include "core.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Floats y, x, w;
  uint y_stride, x_stride, dim, weighted, rows;
  float eps;
};
shared float sums[64];

void main() {
  const uint t = gl_LocalInvocationID.x, r = group_down();
  if (r >= rows) return;
  const uint from = r * x_stride + gl_WorkGroupID.x * dim, to = r * y_stride + gl_WorkGroupID.x * dim;
  precise float sum = 0.0;
  for (uint c = t; c < dim; c += 64u) {
    const float v = x.at[from + c];
    sum = fma(v, v, sum);
  }
  sums[t] = sum;
  barrier();
  for (uint half_way = 32u; half_way > 0u; half_way >>= 1) {
    if (t < half_way) {
      precise float both = sums[t] + sums[t + half_way];
      sums[t] = both;
    }
    barrier();
  }
  precise float scale = 1.0 / sqrt(sums[0] / float(dim) + eps);
  for (uint c = t; c < dim; c += 64u) {
    precise float v = x.at[from + c] * scale;
    if (weighted != 0u) v = v * w.at[c];
    y.at[to + c] = v;
  }
}
