#include <algorithm>
#include <cmath>
#include <numeric>

#include "backend/ref/ref.h"

namespace lt::ref {
namespace {

void softmax(std::vector<double>& x) {
  const double most = *std::max_element(x.begin(), x.end());
  double total = 0;
  for (double& v : x) total += v = std::exp(v - most);
  for (double& v : x) v /= total;
}

// The `n` largest, best first, of equal ones the lower number.
std::vector<int32_t> best(const std::vector<double>& x, int64_t n) {
  std::vector<int32_t> order(x.size());
  std::iota(order.begin(), order.end(), 0);
  const auto value = [&](int32_t i) { return std::isnan(x[static_cast<size_t>(i)]) ? -HUGE_VAL : x[static_cast<size_t>(i)]; };
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return value(a) > value(b) || (value(a) == value(b) && a < b); });
  order.resize(static_cast<size_t>(n));
  return order;
}

// Experts of groups that are not among the best cannot be chosen (DeepSeek-AI 2024).
void leave_groups(std::vector<double>& x, const Router& r) {
  const auto size = std::ssize(x) / r.groups;
  std::vector<double> sums;
  for (int64_t g = 0; g < r.groups; g++) {
    std::vector<double> group(x.begin() + g * size, x.begin() + (g + 1) * size);
    std::sort(group.begin(), group.end(), std::greater<>());
    sums.push_back(std::accumulate(group.begin(), group.begin() + std::min(r.group_best, size), 0.0));
  }
  const std::vector<int32_t> kept = best(sums, r.used_groups);
  for (int64_t g = 0; g < r.groups; g++)
    if (std::find(kept.begin(), kept.end(), g) == kept.end()) std::fill_n(x.begin() + g * size, size, -HUGE_VAL);
}

// Of chosen number j, its share of a softmax over those that are near it and were not chosen before.
double share(const float* scores, int64_t experts, const std::vector<int32_t>& chosen, size_t j, double nearness) {
  const double c = scores[chosen[j]];
  double total = 0;
  for (int32_t e = 0; e < experts; e++) {
    const double s = scores[e];
    const bool before = std::find(chosen.begin(), chosen.begin() + static_cast<int64_t>(j), e) != chosen.begin() + static_cast<int64_t>(j);
    if (!before && !((c - s) / std::max(std::fabs(s), c) > nearness)) total += std::exp(s - c);
  }
  return 1 / total;
}

}  // namespace

void RefOps::route(Tensor ids, Tensor weights, Tensor scores, const Router& router) {
  for (int64_t r = 0; r < scores.rows; r++) {
    std::vector<double> gates(scores.row<float>(r), scores.row<float>(r) + scores.cols);
    if (router.gating == Router::Gating::softmax) softmax(gates);
    if (router.gating == Router::Gating::sigmoid)
      for (double& g : gates) g = 1 / (1 + std::exp(-g));
    std::vector<double> choice = gates;
    if (router.bias)
      for (size_t e = 0; e < choice.size(); e++) choice[e] += router.bias.row<float>(0)[e];
    if (router.groups > 1) leave_groups(choice, router);
    const std::vector<int32_t> chosen = best(choice, ids.cols);
    std::vector<double> w;
    for (const int32_t e : chosen) w.push_back(gates[static_cast<size_t>(e)]);
    if (router.gating == Router::Gating::chosen) softmax(w);
    for (size_t j = 0; router.gating == Router::Gating::mixed && j < w.size(); j++)
      w[j] = share(scores.row<float>(r), scores.cols, chosen, j, router.nearness);
    const double total = router.normalize ? std::accumulate(w.begin(), w.end(), 1e-20) : 1;
    for (size_t j = 0; j < w.size(); j++) {
      ids.row<int32_t>(r)[j] = chosen[j];
      weights.row<float>(r)[j] = static_cast<float>(w[j] / total * router.scale);
    }
  }
}

}  // namespace lt::ref
