#version 460
//! caches
//! half
//! rows 1 2 3 4
//! subgroup
// softmax(q . k * scale) v over the places that a row sees: a row a group, with ROWS of its query heads that read the same
// KV head, so that keys and values are read once for them; 256 columns of the value at a time. Scores may be capped and lessened with
// the distance; a sink is one more score, joined last.
// Order: a score adds its columns ascending, one fused multiply-add each. Pages of 64 absolute positions ascending, an invocation a
// position for the scores; weights are summed in eights, then the eight sums; weighted values position by position. Splits as in
// attend_merge.glsl: a group has all of its row's, or the one of an entry of the work list, whose sums attend_merge.comp merges.
#include "core.glsl"
#ifdef SUBGROUP
#extension GL_KHR_shader_subgroup_ballot : require
#endif
layout(local_size_x = 64) in;
struct Given {
  Words keys, values;
  Floats q, y;  // y: of entries, the parts
  Ints places, sees, sequences, pages, entries;
  Floats sinks, slopes, offsets;
  uint q_stride, y_stride, k_stride, v_stride, places_stride, sees_stride, sequences_stride, pages_stride;
  uint heads, kv_heads, key_dim, value_dim, count, listed, sunk, sloped;  // count: of rows, or of entries where they are listed
  int window, ahead, chunk, reach;  // reach: of offsets; -1: there are none
  float scale, cap;
};
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer Parameters { Given all; };
layout(push_constant) uniform Push { Parameters parameters; };
Given given;
#include "attend_merge.glsl"
#include "cache.glsl"

shared float weights[64 * ROWS];
shared float mosts[8 * ROWS];
shared float sums[8 * ROWS];

// Eight numbers that all invocations want: with subgroups each invocation loads one, and they tell one another.
#ifdef SUBGROUP
#define EIGHT float
#define LOAD_EIGHT(to, array, from) to = array[(from) + (gl_SubgroupInvocationID & 7u)]
#define OF_EIGHT(eight, i) subgroupBroadcast(eight, i)
#else
#define EIGHT float[8]
#define LOAD_EIGHT(to, array, from) [[unroll]] for (uint load = 0u; load < 8u; load++) to[load] = array[(from) + load]
#define OF_EIGHT(eight, i) eight[i]
#endif

// The products of a key with the queries, the first of which begins at `query`.
void key_products(uint row, uint query, out float s[ROWS]) {
  precise float sum[ROWS];
  [[unroll]] for (uint n = 0u; n < ROWS; n++) sum[n] = 0.0;
  for (uint c = 0u; c < given.key_dim; c += 8u) {
    float k[8];
    eight_of_key(row, c, k);
    [[unroll]] for (uint n = 0u; n < ROWS; n++) {
      EIGHT eight;
      LOAD_EIGHT(eight, given.q.at, query + n * given.key_dim + c);
      [[unroll]] for (uint i = 0u; i < 8u; i++) {
        const float one = OF_EIGHT(eight, i);
        if (c + i < given.key_dim) sum[n] = fma(one, k[i], sum[n]);
      }
    }
  }
  s = sum;
}

// The score of a product of head h with the key at a distance from the last place seen, and at one from the row's own.
float score_of(float product, uint h, int distance, int behind) {
  precise float score = product * given.scale;
  if (given.cap > 0.0) score = given.cap * hyperbolic_tangent(score / given.cap);
  if (given.sloped != 0u) score = sloped_by(score, given.slopes.at[h], distance);
  if (given.reach >= 0) score = score + given.offsets.at[h * uint(2 * given.reach + 1) + uint(given.reach + clamp(behind, -given.reach, given.reach))];
  return score;
}

// Positions [first, last] of a page, which lies at `slot`, join the parts of the heads from h on. `to_last`, `to_own`: from the page's
// first position to the last that the row sees, and to its own.
void join_page(inout Part parts_of[ROWS], uint slot, int first, int last, int to_last, int to_own, uint h, uint query, uint column) {
  const uint t = gl_LocalInvocationID.x;
  const bool seen = int(t) >= first && int(t) <= last;
  float score[ROWS];
  key_products((slot + uint(clamp(int(t), first, last))) * given.k_stride, query, score);
  barrier();
  [[unroll]] for (uint n = 0u; n < ROWS; n++) {
    score[n] = seen ? score_of(score[n], h + n, to_last - int(t), int(t) - to_own) : -1e30;
    weights[64u * n + t] = score[n];
  }
  barrier();
  if (t < 8u * ROWS) {
    float most = weights[8u * t];
    [[unroll]] for (uint i = 1u; i < 8u; i++) most = max(most, weights[8u * t + i]);
    mosts[t] = most;
  }
  barrier();
  float fade[ROWS];
  [[unroll]] for (uint n = 0u; n < ROWS; n++) {
    float most = parts_of[n].most;
    [[unroll]] for (uint i = 0u; i < 8u; i++) most = max(most, mosts[8u * n + i]);
    fade[n] = exponential(parts_of[n].most - most);
    parts_of[n].most = most;
    weights[64u * n + t] = seen ? exponential(score[n] - most) : 0.0;
  }
  barrier();
  if (t < 8u * ROWS) {
    precise float sum = weights[8u * t];
    [[unroll]] for (uint i = 1u; i < 8u; i++) sum = sum + weights[8u * t + i];
    sums[t] = sum;
  }
  barrier();
  [[unroll]] for (uint n = 0u; n < ROWS; n++) {
    precise float sum = sums[8u * n];
    [[unroll]] for (uint i = 1u; i < 8u; i++) sum = sum + sums[8u * n + i];
    precise float joined = parts_of[n].sum * fade[n] + sum;
    parts_of[n].sum = joined;
  }
  [[unroll]] for (uint j = 0u; j < columns; j++) {
    if (column + 64u * j >= given.value_dim) break;
    const uint c = min(column + t + 64u * j, given.value_dim - 1u);
    precise float v[ROWS];
    [[unroll]] for (uint n = 0u; n < ROWS; n++) v[n] = parts_of[n].values[j] * fade[n];
    for (int p = first & ~7; p <= last; p += 8) {
      EIGHT eight[ROWS];
      [[unroll]] for (uint n = 0u; n < ROWS; n++) { LOAD_EIGHT(eight[n], weights, 64u * n + uint(p)); }
      [[unroll]] for (int i = 0; i < 8; i++) {
        if (p + i < first || p + i > last) continue;
        const float value = value_at((slot + uint(p + i)) * given.v_stride, c);
        [[unroll]] for (uint n = 0u; n < ROWS; n++) v[n] = fma(OF_EIGHT(eight[n], i), value, v[n]);
      }
    }
    [[unroll]] for (uint n = 0u; n < ROWS; n++) parts_of[n].values[j] = v[n];
  }
}

void main() {
  given = parameters.all;
  const uint t = gl_LocalInvocationID.x, unit = group_down();
  if (unit >= given.count) return;
  const bool alone = given.listed != 0u;
  int row = int(unit), from_split = 0, to_split = 0;
  if (alone) {
    row = given.entries.at[2u * unit];
    from_split = to_split = given.entries.at[2u * unit + 1u];
  }
  if (row < 0) return;
  const uint r = uint(row);
  // Of each KV head, its query heads in chunks of ROWS; a last chunk that is not full begins earlier and repeats some.
  const uint group = given.heads / given.kv_heads, chunks = (group + ROWS - 1u) / ROWS, grid = given.kv_heads * chunks;
  const uint kv_head = gl_WorkGroupID.x % grid / chunks, chunk = gl_WorkGroupID.x % chunks;
  const uint start = min(chunk * ROWS, group - ROWS), h = kv_head * group + start;
  const uint column = gl_WorkGroupID.x / grid * (64u * columns);
  const int place = given.places.at[r * given.places_stride];
  const ivec2 seen = seen_of(place, given.sees.at[r * given.sees_stride], given.window, given.ahead, given.chunk);
  const int first = seen.x, last = seen.y;
  const uint table = uint(given.sequences.at[r * given.sequences_stride]) * given.pages_stride;
  if (!alone) {
    from_split = first / split_positions;
    to_split = last / split_positions;
  }
  if (from_split < first / split_positions || to_split > last / split_positions) return;
  Part all[ROWS];
  [[unroll]] for (uint n = 0u; n < ROWS; n++) all[n] = nothing();
  for (int s = from_split; s <= to_split; s++) {
    Part part[ROWS];
    [[unroll]] for (uint n = 0u; n < ROWS; n++) part[n] = nothing();
    const int from_page = max(first, s * split_positions) / page_size;
    const int to_page = min(last, (s + 1) * split_positions - 1) / page_size;
    for (int p = from_page; p <= to_page; p++) {
      const uint slot = (uint(given.pages.at[table + p]) * given.kv_heads + kv_head) * page_size;
      join_page(part, slot, max(first - p * page_size, 0), min(last - p * page_size, page_size - 1), seen.y - p * page_size,
                place - p * page_size, h,
                r * given.q_stride + h * given.key_dim, column);
    }
    if (alone) {
      all = part;
    } else {
      [[unroll]] for (uint n = 0u; n < ROWS; n++) merge(all[n], part[n]);
    }
  }
  [[unroll]] for (uint n = 0u; n < ROWS; n++) {
    if (start + n < chunk * ROWS) continue;  // the chunk before has it
    const uint head = h + n;
    if (!alone && given.sunk != 0u) {
      const float sink = given.sinks.at[head];
      join_sink(all[n], given.sloped != 0u ? sloped_by(sink, given.slopes.at[head], last - place) : sink);
    }
    const uint to = alone ? (unit * given.heads + head) * (given.value_dim + 2u) : r * given.y_stride + head * given.value_dim;
    [[unroll]] for (uint j = 0u; j < columns; j++) {
      const uint c = column + t + 64u * j;
      if (c >= given.value_dim) continue;
      if (alone) {
        given.y.at[to + 2u + c] = all[n].values[j];
      } else {
        given.y.at[to + c] = quotient(all[n].values[j], all[n].sum);
      }
    }
    if (alone && t == 0u && column == 0u) {
      given.y.at[to] = all[n].most;
      given.y.at[to + 1u] = all[n].sum;
    }
  }
}
