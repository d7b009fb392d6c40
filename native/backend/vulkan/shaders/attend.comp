#version 460
//! caches
// softmax(q . k * scale) v over the positions that a row sees, a head of a row a group, 256 columns of the value at a time.
// Order: pages of 64 absolute positions ascending, an invocation a position for the scores; weights are summed in eights, then
// the eight sums; weighted values position by position; splits as in attend_merge.glsl, one a group where `splits` is not 0.
#include "core.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Words keys, values;
  Floats q, y;
  Ints positions, sequences, pages;
  Floats parts;
  uint q_stride, y_stride, k_stride, v_stride, positions_stride, sequences_stride, pages_stride;
  uint heads, kv_heads, key_dim, value_dim, window, splits;
  float scale;
};
#include "attend_merge.glsl"
#include "cache.glsl"

shared float weights[64];
shared float mosts[8];
shared float sums[8];

// Positions [first, last] of a page, which lies at `slot`, join a part.
void join_page(inout Part part, uint slot, int first, int last, uint query, uint column) {
  const uint t = gl_LocalInvocationID.x;
  const bool seen = int(t) >= first && int(t) <= last;
  float score = -1e30;
  if (seen) {
    precise float scaled = key_product((slot + t) * k_stride, query) * scale;
    score = scaled;
  }
  barrier();
  weights[t] = score;
  barrier();
  if (t < 8u) {
    float most = weights[8u * t];
    [[unroll]] for (uint i = 1u; i < 8u; i++) most = max(most, weights[8u * t + i]);
    mosts[t] = most;
  }
  barrier();
  float most = part.most;
  [[unroll]] for (uint i = 0u; i < 8u; i++) most = max(most, mosts[i]);
  const float fade = exponential(part.most - most);
  weights[t] = seen ? exponential(score - most) : 0.0;
  barrier();
  if (t < 8u) {
    precise float sum = weights[8u * t];
    [[unroll]] for (uint i = 1u; i < 8u; i++) sum = sum + weights[8u * t + i];
    sums[t] = sum;
  }
  barrier();
  precise float sum = sums[0];
  [[unroll]] for (uint i = 1u; i < 8u; i++) sum = sum + sums[i];
  precise float joined = part.sum * fade + sum;
  part.sum = joined;
  part.most = most;
  [[unroll]] for (uint j = 0u; j < columns; j++) {
    const uint c = column + t + 64u * j;
    if (c < value_dim) {
      precise float v = part.values[j] * fade;
      for (int p = first; p <= last; p++) v = fma(weights[p], value_at((slot + uint(p)) * v_stride, c), v);
      part.values[j] = v;
    }
  }
}

void main() {
  const uint t = gl_LocalInvocationID.x, r = gl_WorkGroupID.y, h = gl_WorkGroupID.x % heads;
  const uint column = gl_WorkGroupID.x / heads * (64u * columns);
  const int last = positions.at[r * positions_stride];
  const int first = window != 0u ? max(0, last - int(window) + 1) : 0;
  const uint table = uint(sequences.at[r * sequences_stride]) * pages_stride, kv_head = h * kv_heads / heads;
  const bool alone = splits != 0u;
  const int from_split = alone ? int(gl_WorkGroupID.z) : first / split_positions;
  const int to_split = alone ? from_split : last / split_positions;
  if (from_split < first / split_positions || to_split > last / split_positions) return;
  Part all = nothing();
  for (int s = from_split; s <= to_split; s++) {
    Part part = nothing();
    const int from_page = max(first, s * split_positions) / page_size;
    const int to_page = min(last, (s + 1) * split_positions - 1) / page_size;
    for (int p = from_page; p <= to_page; p++) {
      const uint slot = (uint(pages.at[table + p]) * kv_heads + kv_head) * page_size;
      join_page(part, slot, max(first - p * page_size, 0), min(last - p * page_size, page_size - 1), r * q_stride + h * key_dim, column);
    }
    if (alone) {
      all = part;
    } else {
      merge(all, part);
    }
  }
  const uint to = alone ? ((r * heads + h) * splits + gl_WorkGroupID.z) * (value_dim + 2u) : r * y_stride + h * value_dim;
  [[unroll]] for (uint j = 0u; j < columns; j++) {
    const uint c = column + t + 64u * j;
    if (c >= value_dim) continue;
    if (alone) {
      parts.at[to + 2u + c] = all.values[j];
    } else {
      y.at[to + c] = quotient(all.values[j], all.sum);
    }
  }
  if (alone && t == 0u && column == 0u) {
    parts.at[to] = all.most;
    parts.at[to + 1u] = all.sum;
  }
}
