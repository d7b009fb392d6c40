// The experts of each row: 32 threads a row. Order of addition: the exponentials of a softmax over all experts in 32 chains, expert e to
// chain e mod 32, ascending, folded by a tree; sums of a group's best and of the chosen weights from the best on.
//
// Where nothing is added to the gates, experts are chosen by their scores, which order them as the gates do and are never rounded to
// the same.
#include "backend/gpu/backend.h"

namespace lt::gpu::LT_GPU {
namespace {

constexpr float lowest = -3.402823466e+38f;  // what is not a number counts as this; a group that is left out, as minus infinity

struct RouteArgs {
  View ids, weights, scores;
  const float* bias;  // null: none
  int experts, used, groups, used_groups, group_size, group_best;
  Router::Gating gating;
  bool normalize;
  float scale, nearness;
};

struct RouteRoom {                                // in shared memory
  SharedPtr<float> gates, choice, sums, weights;  // (experts), (experts), (groups), (used)
};

struct Candidate {
  float value;
  int number;
};

LT_DEVICE bool better(const Candidate& a, const Candidate& b) { return a.value > b.value || (a.value == b.value && a.number < b.number); }

constexpr Candidate LT_HD above_all() { return {INFINITY, -1}; }

// The best of numbers first, first + step, ... < last that come after `after`.
LT_DEVICE Candidate best_after(const SharedPtr<float>& values, int first, int last, int step, const Candidate& after) {
  Candidate best{-INFINITY, last};
  for (int i = first; i < last; i += step) {
    const Candidate c{values[i], i};
    if (better(after, c) && better(c, best)) best = c;
  }
  return best;
}

// The best that any of 32 threads has.
LT_DEVICE Candidate fold_best(Candidate c) {
  for (int mask = 1; mask < 32; mask *= 2) {
    const float value = shuffle_xor(c.value, mask), number = shuffle_xor(static_cast<float>(c.number), mask);
    const Candidate other{value, static_cast<int>(number)};
    if (better(other, c)) c = other;
  }
  return c;
}

LT_DEVICE float largest_score(const float* scores, int experts) {
  float m = -INFINITY;
  for (int e = thread(); e < experts; e += 32) m = largest(scores[e], m);
  for (int mask = 1; mask < 32; mask *= 2) m = largest(m, shuffle_xor(m, mask));
  return m;
}

LT_DEVICE float softmax_total(const float* scores, int experts, float most) {
  float total = 0;
  for (int e = thread(); e < experts; e += 32) total += expf(scores[e] - most);
  for (int mask = 1; mask < 32; mask *= 2) total += shuffle_xor(total, mask);
  return total;
}

// Fills room.gates and room.choice.
LT_DEVICE void gate(const RouteArgs& p, const RouteRoom& room, const float* scores) {
  const bool softmax = p.gating == Router::Gating::softmax, sigmoid = p.gating == Router::Gating::sigmoid;
  const float most = softmax ? largest_score(scores, p.experts) : 0, total = softmax ? softmax_total(scores, p.experts, most) : 1;
  for (int e = thread(); e < p.experts; e += 32) {
    const float s = scores[e], g = softmax ? expf(s - most) / total : sigmoid ? 1 / (1 + expf(-s)) : s;
    room.gates[e] = g;
    room.choice[e] = largest(p.bias ? g + p.bias[e] : p.groups > 1 ? g : s, lowest);
  }
  sync();
}

// Experts of groups that are not among the best cannot be chosen (DeepSeek-AI 2024).
LT_DEVICE void leave_groups(const RouteArgs& p, const RouteRoom& room) {
  for (int g = thread(); g < p.groups; g += 32) {
    float sum = 0;
    Candidate c = above_all();
    for (int i = 0; i < p.group_best; i++) {
      c = best_after(room.choice, g * p.group_size, (g + 1) * p.group_size, 1, c);
      sum += c.value;
    }
    room.sums[g] = largest(sum, lowest);
  }
  sync();
  for (int g = thread(); g < p.groups; g += 32) {
    int before = 0;
    for (int o = 0; o < p.groups; o++) before += better({room.sums[o], o}, {room.sums[g], g});
    for (int i = 0; before >= p.used_groups && i < p.group_size; i++) room.choice[g * p.group_size + i] = -INFINITY;
  }
  sync();
}

// room.weights = the gates of the chosen, best first.
LT_DEVICE void choose(const RouteArgs& p, const RouteRoom& room, int32_t* ids) {
  Candidate c = above_all();
  for (int j = 0; j < p.used; j++) {
    c = fold_best(best_after(room.choice, thread(), p.experts, 32, c));
    if (thread() != 0) continue;
    ids[j] = c.number;
    room.weights[j] = static_cast<float>(room.gates[c.number]);
  }
  sync();
}

// room.weights = of each of the chosen, its share of a softmax over those that are near it and were not chosen before.
LT_DEVICE void mix(const RouteArgs& p, const RouteRoom& room, const float* scores, const int32_t* ids) {
  for (int j = 0; j < p.used; j++) {
    const float c = scores[ids[j]];
    float total = 0;
    for (int e = thread(); e < p.experts; e += 32) {
      const float s = scores[e];
      bool out = (c - s) / largest(s < 0 ? -s : s, c) > p.nearness;
      for (int i = 0; i < j; i++) out = out || ids[i] == e;
      total += out ? 0 : expf(s - c);
    }
    for (int mask = 1; mask < 32; mask *= 2) total += shuffle_xor(total, mask);
    if (thread() == 0) room.weights[j] = 1 / total;
  }
  sync();
}

LT_DEVICE void weigh(const RouteArgs& p, const RouteRoom& room, float* weights) {
  const bool softmax = p.gating == Router::Gating::chosen;
  float most = -INFINITY, all = 0, total = 1e-20f;
  for (int j = 0; j < p.used; j++) most = largest(room.weights[j], most);
  for (int j = 0; j < p.used; j++) all += softmax ? expf(room.weights[j] - most) : 0;
  const auto weight = [&](int j) { return softmax ? expf(room.weights[j] - most) / all : static_cast<float>(room.weights[j]); };
  for (int j = 0; j < p.used; j++) total += weight(j);
  for (int j = thread(); j < p.used; j += 32) weights[j] = (p.normalize ? weight(j) / total : weight(j)) * p.scale;
}

LT_KERNEL(32) route_row(RouteArgs p) {
  LT_SHARED_DYNAMIC(float, memory);
  const RouteRoom room{memory, memory + p.experts, memory + 2 * p.experts, memory + 2 * p.experts + p.groups};
  const int64_t r = block_x();
  gate(p, room, p.scores.row<float>(r));
  if (p.groups > 1) leave_groups(p, room);
  choose(p, room, p.ids.row<int32_t>(r));
  if (p.gating == Router::Gating::mixed) mix(p, room, p.scores.row<float>(r), p.ids.row<int32_t>(r));
  weigh(p, room, p.weights.row<float>(r));
}

}  // namespace

void Gpu::route(Tensor ids, Tensor weights, Tensor scores, const Router& router) {
  if (scores.rows == 0) return;
  RouteArgs args{};
  args.ids = ids, args.weights = weights, args.scores = scores;
  args.bias = static_cast<const float*>(router.bias.data);
  args.experts = static_cast<int>(scores.cols), args.used = static_cast<int>(ids.cols);
  args.groups = static_cast<int>(router.groups), args.used_groups = static_cast<int>(router.used_groups);
  args.group_size = args.experts / args.groups;
  args.group_best = static_cast<int>(least(router.group_best, args.group_size));
  args.gating = router.gating, args.normalize = router.normalize, args.scale = router.scale, args.nearness = router.nearness;
  const int floats = 2 * args.experts + args.groups + args.used;
  launch(on(), "route", route_row, {scores.rows}, 32, static_cast<size_t>(floats) * 4, args);
}

}  // namespace lt::gpu::LT_GPU
