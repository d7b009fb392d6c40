#version 460
// A row's experts, best first, and their weights: a row a group, an expert an invocation of 64 and every 64th after.
// Sums over experts: invocation = expert mod 64, experts ascending, then the 64 sums ascending; over the chosen, or over the best of a
// group: best first.
#include "core.glsl"
#include "exponential.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Ints ids;
  Floats weights, scores, bias;
  uint ids_stride, weights_stride, scores_stride, rows, experts, used, gating, biased, groups, used_groups, group_best, normalize;
  float scale, nearness;
};
const uint softmax = 0u, sigmoid = 1u, chosen = 2u, mixed = 3u;
const uint most_experts = 1024u;  // as in route.cpp
shared uint keys[most_experts];   // what experts are chosen by, in the order of numbers; groups that are left out have 0
shared uint picked[most_experts];
shared float goods[most_experts];  // of groups
shared float partial[64];

// Unsigned numbers in the order of floats; above all, what is no number, so that there is an order always. None is 0.
uint key_of(float x) {
  precise float positive_zero = x + 0.0;
  const uint bits = floatBitsToUint(positive_zero);
  return (bits >> 31) != 0u ? max(~bits, 1u) : bits | 0x80000000u;
}
float value_of(uint key) { return uintBitsToFloat((key >> 31) != 0u ? key ^ 0x80000000u : ~key); }

float most_of(uint t, uint row) {
  float most = -3.4e38;
  for (uint e = t; e < experts; e += 64u) most = max(most, scores.at[row + e]);
  partial[t] = most;
  barrier();
  for (uint i = 0u; i < 64u; i++) most = max(most, partial[i]);
  barrier();
  return most;
}

float total_of(uint t, uint row, float most) {
  precise float sum = 0.0;
  for (uint e = t; e < experts; e += 64u) sum = sum + exponential(scores.at[row + e] - most);
  partial[t] = sum;
  barrier();
  precise float total = partial[0];
  for (uint i = 1u; i < 64u; i++) total = total + partial[i];
  return total;
}

float gate_of(float score, float most, float total) {
  precise float gate = score;
  if (gating == softmax) gate = exponential(score - most) / total;
  if (gating == sigmoid) gate = 1.0 / (1.0 + exponential(-score));
  return gate;
}

// How many of keys [first, first + n) come before that of e: of equal ones, the lower number does.
uint rank_of(uint e, uint first, uint n) {
  const uint own = keys[e];
  uint before = 0u;
  for (uint f = first; f < first + n; f++) before += keys[f] > own || (keys[f] == own && f < e) ? 1u : 0u;
  return before;
}

// A group is as good as the sum of its best (DeepSeek-AI 2024).
float good_of(uint g) {
  const uint size = experts / groups;
  precise float sum = 0.0;
  for (uint rank = 0u; rank < group_best; rank++) {
    for (uint e = g * size; e < (g + 1u) * size; e++) {
      if (rank_of(e, g * size, size) == rank) sum = sum + value_of(keys[e]);
    }
  }
  return sum;
}

// Experts of groups that are not among the best cannot be chosen.
void leave_groups(uint t) {
  for (uint g = t; g < groups; g += 64u) goods[g] = good_of(g);
  barrier();
  const uint size = experts / groups;
  for (uint g = t; g < groups; g += 64u) {
    const uint own = key_of(goods[g]);
    uint before = 0u;
    for (uint h = 0u; h < groups; h++) before += key_of(goods[h]) > own || (key_of(goods[h]) == own && h < g) ? 1u : 0u;
    for (uint e = g * size; before >= used_groups && e < (g + 1u) * size; e++) keys[e] = 0u;
  }
  barrier();
}

float most_chosen(uint row) {
  float most = scores.at[row + picked[0]];
  for (uint j = 1u; j < used; j++) most = max(most, scores.at[row + picked[j]]);
  return most;
}

// Of chosen number j, its share of a softmax over those that are near it and were not chosen before: experts ascending.
float share_of(uint row, uint j) {
  const float c = scores.at[row + picked[j]];
  precise float sum = 0.0;
  for (uint e = 0u; e < experts; e++) {
    const float s = scores.at[row + e];
    precise float distance = (c - s) / max(abs(s), c);
    bool leaves = distance > nearness;
    for (uint i = 0u; i < j; i++) leaves = leaves || picked[i] == e;
    if (!leaves) sum = sum + exponential(s - c);
  }
  precise float share = 1.0 / sum;
  return share;
}

// A gate, or what a softmax over the chosen divides.
float weight_of(uint row, uint j, float most, float total) {
  if (gating == mixed) return share_of(row, j);
  const float score = scores.at[row + picked[j]];
  return gating == chosen ? exponential(score - most) : gate_of(score, most, total);
}

void main() {
  const uint t = gl_LocalInvocationID.x, r = group_down(), row = r * scores_stride;
  if (r >= rows) return;
  float most = gating == softmax ? most_of(t, row) : 0.0;
  const float total = gating == softmax ? total_of(t, row, most) : 1.0;
  // Where gates alone choose, their scores do, which tell apart what rounding does not.
  const bool by_score = biased == 0u && groups == 1u;
  for (uint e = t; e < experts; e += 64u) {
    precise float v = by_score ? scores.at[row + e] : gate_of(scores.at[row + e], most, total);
    if (biased != 0u) v = v + bias.at[e];
    keys[e] = key_of(v);
  }
  barrier();
  if (groups > 1u) leave_groups(t);
  for (uint e = t; e < experts; e += 64u) {
    const uint rank = rank_of(e, 0u, experts);
    if (rank < used) picked[rank] = e;
  }
  barrier();
  if (gating == chosen) most = most_chosen(row);
  precise float sum = 0.0;
  for (uint j = 0u; j < used; j++) sum = sum + weight_of(row, j, most, total);
  precise float divisor = gating == chosen ? sum : 1.0;
  if (normalize != 0u) divisor = gating == chosen ? sum : sum + 1e-20;
  for (uint j = t; j < used; j += 64u) {
    precise float w = weight_of(row, j, most, total) / divisor * scale;
    ids.at[r * ids_stride + j] = int(picked[j]);
    weights.at[r * weights_stride + j] = w;
  }
}
