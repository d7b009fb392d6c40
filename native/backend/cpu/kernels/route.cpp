// A row's choice of experts. Sums over all experts are of 16 lanes, lane = expert mod 16, ascending, then folded; those over the
// chosen are added one by one, best first.
#include "backend/cpu/kernels/activate.h"
#include "backend/cpu/kernels/rows.h"
#include "simd/simd_best.h"

namespace lt::cpu::LT_ISA {
namespace {

enum Gating : uint8_t { by_softmax, by_sigmoid, by_chosen, by_mixed };  // as lt::Router::Gating

int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// Lanes [i, i + 16) of n values, -infinity behind the last.
LT_INLINE f32x16 lanes_of(const float* x, int64_t i, int64_t n) {
  return keep(load(x + i, least(16, n - i)), 0, least(16, n - i), -INFINITY);
}

float largest(const float* x, int64_t n) {
  f32x16 high = set1(-INFINITY);
  for (int64_t i = 0; i < n; i += 16) high = max(lanes_of(x, i, n), high);
  return fold_max(high);
}

void softmax(float* x, int64_t n) {
  const f32x16 high = set1(largest(x, n));
  f32x16 sum = zero();
  for (int64_t i = 0; i < n; i += 16) {
    const f32x16 e = exp(lanes_of(x, i, n) - high);
    store(x + i, e, least(16, n - i));
    sum = sum + e;
  }
  const f32x16 total = set1(fold_add(sum));
  for (int64_t i = 0; i < n; i += 16) store(x + i, load(x + i, least(16, n - i)) / total, least(16, n - i));
}

void sigmoids(float* x, int64_t n) {
  for (int64_t i = 0; i < n; i += 16) store(x + i, sigmoid(load(x + i, least(16, n - i))), least(16, n - i));
}

// The number of the largest, of equal ones the lowest, which is taken out. Where none is a number, 0.
int64_t take_best(float* x, int64_t n) {
  const f32x16 high = set1(largest(x, n));
  for (int64_t i = 0; i < n; i += 16) {
    const uint32_t equal = equal_lanes(lanes_of(x, i, n), high);
    for (int64_t lane = 0; lane < least(16, n - i); lane++) {
      if (!(equal >> lane & 1)) continue;
      x[i + lane] = -INFINITY;
      return i + lane;
    }
  }
  return 0;
}

// Experts of groups that are not among the best cannot be chosen (DeepSeek-AI 2024). sums, group: room for as many as experts.
void leave_groups(float* x, const RouteRow& r, float* sums, float* group) {
  const int64_t size = r.experts / r.groups;
  for (int64_t g = 0; g < r.groups; g++) {
    memcpy(group, x + g * size, static_cast<size_t>(size) * 4);
    sums[g] = 0;
    for (int64_t i = 0; i < least(r.group_best, size); i++) sums[g] += x[g * size + take_best(group, size)];
  }
  float* left = group;  // by group, 1 or 0
  for (int64_t g = 0; g < r.groups; g++) left[g] = 1;
  for (int64_t i = 0; i < r.used_groups; i++) left[take_best(sums, r.groups)] = 0;
  for (int64_t e = 0; e < r.experts; e++)
    if (left[e / size] != 0) x[e] = -INFINITY;
}

// Of chosen number j, its share of a softmax over those that are near it and were not chosen before.
float share(const RouteRow& r, int64_t j, float* others) {
  const float c = r.scores[r.ids[j]];
  for (int64_t e = 0; e < r.experts; e++) {
    const float s = r.scores[e], size = s < 0 ? -s : s;
    others[e] = (c - s) / (size > c ? size : c) > r.nearness ? -INFINITY : s - c;
  }
  for (int64_t i = 0; i < j; i++) others[r.ids[i]] = -INFINITY;
  f32x16 sum = zero();
  for (int64_t i = 0; i < r.experts; i += 16) sum = sum + exp(lanes_of(others, i, r.experts));
  return 1 / fold_add(sum);
}

// The weights of the chosen from their gates.
void weigh(const RouteRow& r) {
  for (int64_t j = 0; r.gating == by_mixed && j < r.used; j++) r.weights[j] = share(r, j, r.work);
  if (r.gating == by_chosen) softmax(r.weights, r.used);
  float total = r.normalize ? 1e-20f : 1.0f;
  for (int64_t j = 0; r.normalize && j < r.used; j++) total += r.weights[j];
  for (int64_t j = 0; j < r.used; j++) r.weights[j] = r.weights[j] / total * r.scale;
}

}  // namespace

// Gates keep the order of scores, and more of them are equal: scores choose, unless something is added to the gates.
void route(const RouteRow& r) {
  const int64_t n = r.experts;
  float *gates = r.work, *choice = gates + n;
  const auto bytes = static_cast<size_t>(n) * 4;
  memcpy(gates, r.scores, bytes);
  if (r.gating == by_softmax) softmax(gates, n);
  if (r.gating == by_sigmoid) sigmoids(gates, n);
  memcpy(choice, r.bias || r.groups > 1 ? gates : r.scores, bytes);
  for (int64_t e = 0; r.bias && e < n; e++) choice[e] += r.bias[e];
  if (r.groups > 1) leave_groups(choice, r, choice + n, choice + 2 * n);
  for (int64_t j = 0; j < r.used; j++) {
    r.ids[j] = static_cast<int32_t>(take_best(choice, n));
    r.weights[j] = gates[r.ids[j]];
  }
  weigh(r);
}

}  // namespace lt::cpu::LT_ISA
