#version 460
// y = (x - mean) / sqrt(mean((x - mean)^2) + eps) * w + b over the columns of a head (Ba et al. 2016), or without the mean (Zhang &
// Sennrich 2019); a head a group.
// Order: invocation = column mod 64, columns ascending, then the 64 sums fold by halves.
#include "core.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Floats y, x, w, b;
  uint y_stride, x_stride, w_stride, b_stride, dim, weighted, biased, centred, rows;
  float eps;
};
shared float sums[64];

float fold(uint t, float own) {
  barrier();
  sums[t] = own;
  barrier();
  for (uint half_way = 32u; half_way > 0u; half_way >>= 1) {
    if (t < half_way) {
      precise float both = sums[t] + sums[t + half_way];
      sums[t] = both;
    }
    barrier();
  }
  return sums[0];
}

void main() {
  const uint t = gl_LocalInvocationID.x, h = gl_WorkGroupID.x, r = group_down();
  if (r >= rows) return;
  const uint from = r * x_stride + h * dim, to = r * y_stride + h * dim;
  precise float mean = 0.0;
  if (centred != 0u) {
    precise float all = 0.0;
    for (uint c = t; c < dim; c += 64u) all = all + x.at[from + c];
    mean = fold(t, all) / float(dim);
  }
  precise float sum = 0.0;
  for (uint c = t; c < dim; c += 64u) {
    precise float v = x.at[from + c] - mean;
    sum = fma(v, v, sum);
  }
  precise float scale = 1.0 / sqrt(fold(t, sum) / float(dim) + eps);
  for (uint c = t; c < dim; c += 64u) {
    precise float v = (x.at[from + c] - mean) * scale;
    if (weighted != 0u) v = v * w.at[h * w_stride + c];
    if (biased != 0u) v = v + b.at[h * b_stride + c];
    y.at[to + c] = v;
  }
}
