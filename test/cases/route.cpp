// route: every gating, with and without bias, groups, normalization and scale, few and all experts, and scores that are equal.
#include <cmath>

#include "check/check.h"
#include "harness.h"

namespace lt::cases {
namespace {

struct Routing {
  int64_t rows, experts, used;
  Router router;  // without its bias
  bool biased = false, ties = false;
};

std::string text_of(const Routing& t) {
  static const char* const gatings[] = {"softmax", "sigmoid", "chosen", "mixed"};
  const Router& r = t.router;
  // Nearness in hundredths: cases of equal names would be held to the results of the first.
  const std::string near = r.gating == Router::Gating::mixed ? " near " + std::to_string(std::lround(100 * r.nearness)) : "";
  return gatings[static_cast<int>(r.gating)] + near + " " + std::to_string(t.used) + " of " + std::to_string(t.experts) +
         (t.biased ? " biased" : "") + (t.ties ? " ties" : "") + (r.normalize ? " normalized" : "") +
         (r.groups > 1
              ? ", " + std::to_string(r.used_groups) + " of " + std::to_string(r.groups) + " groups by " + std::to_string(r.group_best)
              : "");
}

// Of equal scores the gates, and the sums of groups of equal scores, are equal in any arithmetic; so they are none that cancel.
std::vector<float> scores_of(const Routing& t) {
  std::vector<float> scores = gaussian(1, t.rows * t.experts, 1.5f);
  for (float& s : scores)
    if (t.ties) s = static_cast<float>(static_cast<int>(s * s * 2) % 4) / 2;
  return scores;
}

struct Chosen {
  std::vector<int32_t> ids;
  std::vector<float> weights;
};

Chosen route(Lab& lab, const Routing& t, std::span<const int64_t> rows) {
  const auto n = static_cast<int64_t>(rows.size());
  Router router = t.router;
  std::vector<float> bias = gaussian(2, t.experts, 0.3f);
  for (float& b : bias)
    if (t.ties) b = 0.25f;
  if (t.biased) router.bias = lab.floats(bias, 1, t.experts);
  const Tensor ids = lab.output_ints(n, t.used), weights = lab.output(n, t.used);
  lab.ops().route(ids, weights, lab.floats(picked(scores_of(t), rows, t.experts), n, t.experts), router);
  return {lab.take_ints(ids), lab.take(weights)};
}

void add_route(const Routing& t) {
  OpCase c;
  c.rows = t.rows;
  c.cols = t.used;
  c.name = "route ids, " + text_of(t);
  c.tolerance = 0;
  c.run = [=](Lab& lab, std::span<const int64_t> rows) {
    const std::vector<int32_t> ids = route(lab, t, rows).ids;
    return std::vector<float>(ids.begin(), ids.end());
  };
  add_case(c);
  c.name = "route weights, " + text_of(t);
  c.tolerance = 2e-6;
  c.run = [=](Lab& lab, std::span<const int64_t> rows) { return route(lab, t, rows).weights; };
  add_case(c);
}

CHECK_GENERATOR() {
  using Gating = Router::Gating;
  for (const Gating gating : {Gating::softmax, Gating::sigmoid, Gating::chosen}) {
    Router r{.gating = gating};
    add_route({7, 8, 2, r});
    add_route({5, 60, 4, r});
    add_route({5, 6, 6, r});
    add_route({3, 1, 1, r});
    add_route({9, 40, 6, r, false, true});
    add_route({9, 40, 6, r, true, true});
    r.normalize = true, r.scale = 2.5f;
    add_route({6, 128, 8, r});
    add_route({6, 128, 8, r, true});
    r.groups = 4, r.used_groups = 2;
    add_route({9, 32, 5, r, true, true});
  }
  add_route({5, 256, 8, {.gating = Gating::sigmoid, .groups = 8, .used_groups = 4, .normalize = true, .scale = 2.5f}, true});
  add_route({5, 160, 6, {.groups = 8, .used_groups = 3, .group_best = 1, .scale = 16}});
  add_route({4, 24, 3, {.gating = Gating::sigmoid, .groups = 8, .used_groups = 1, .group_best = 5}});
  for (const float near : {0.02f, 0.5f, 1.5f}) {  // of the others, few to most are near
    add_route({9, 16, 2, {.gating = Gating::mixed, .nearness = near}});
    add_route({5, 60, 3, {.gating = Gating::mixed, .normalize = true, .scale = 2.5f, .nearness = near}});
    add_route({9, 40, 6, {.gating = Gating::mixed, .nearness = near}, false, true});
  }
  add_route({5, 512, 10, {.normalize = true}});
}

}  // namespace
}  // namespace lt::cases
