#version 460
// The listed splits of a head of a row become one: in ascending order, as attend.comp does it for a whole row.
#include "core.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Floats y, parts, sinks, slopes;
  Ints places, sees, firsts;
  uint y_stride, places_stride, sees_stride, heads, value_dim, rows, sunk, sloped;
  int window, ahead, chunk;
};
#include "attend_merge.glsl"

void main() {
  const uint t = gl_LocalInvocationID.x, r = group_down(), h = gl_WorkGroupID.x % heads;
  if (r >= rows) return;
  const uint column = gl_WorkGroupID.x / heads * (64u * columns);
  const int place = places.at[r * places_stride];
  const ivec2 seen = seen_of(place, sees.at[r * sees_stride], window, ahead, chunk);
  Part all = nothing();
  for (int s = seen.x / split_positions; s <= seen.y / split_positions; s++) {
    const uint from = (uint(firsts.at[r] + s) * heads + h) * (value_dim + 2u);
    Part part;
    part.most = parts.at[from];
    part.sum = parts.at[from + 1u];
    [[unroll]] for (uint j = 0u; j < columns; j++) {
      const uint c = column + t + 64u * j;
      part.values[j] = c < value_dim ? parts.at[from + 2u + c] : 0.0;
    }
    merge(all, part);
  }
  if (sunk != 0u) join_sink(all, sloped != 0u ? sloped_by(sinks.at[h], slopes.at[h], seen.y - place) : sinks.at[h]);
  [[unroll]] for (uint j = 0u; j < columns; j++) {
    const uint c = column + t + 64u * j;
    if (c < value_dim) y.at[r * y_stride + h * value_dim + c] = quotient(all.values[j], all.sum);
  }
}
