#include "sample/rank.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <limits>

#include "sample/random.h"

namespace lt::sample {
namespace {

constexpr size_t block = 128;
constexpr float none = -std::numeric_limits<float>::infinity();

float logit_of(const Candidate& c) { return c.logit; }
float logit_of(float logit) { return logit; }

// The largest logit of `block` values, ignoring NaN. Lanes, so that the compiler needs no licence to reorder.
template <class T>
float block_most(const T* x) {
  std::array<float, 16> lane;
  lane.fill(none);
  for (size_t i = 0; i < block; i += lane.size())
    for (size_t j = 0; j < lane.size(); j++) lane[j] = logit_of(x[i + j]) > lane[j] ? logit_of(x[i + j]) : lane[j];
  float most = none;
  for (const float l : lane) most = l > most ? l : most;
  return most;
}

// Calls f with every index that can hold one of the k best. They are at least the k-th largest of the blocks' maxima, so only
// blocks that reach it are looked into.
template <class T, class F>
void for_each_near_best(std::span<const T> x, size_t k, F f) {
  const size_t blocks = x.size() / block;
  std::vector<float> most(blocks);
  for (size_t b = 0; b < blocks; b++) most[b] = block_most(&x[b * block]);
  std::vector<float> ranked = most;
  float threshold = none;
  if (k <= blocks) {
    std::nth_element(ranked.begin(), ranked.begin() + static_cast<int64_t>(k - 1), ranked.end(), std::greater<>());
    threshold = ranked[k - 1];
  }
  for (size_t b = 0; b <= blocks; b++) {
    if (b < blocks && most[b] < threshold) continue;
    const size_t end = b < blocks ? (b + 1) * block : x.size();
    for (size_t i = b * block; i < end; i++)
      if (!(logit_of(x[i]) < threshold)) f(i);
  }
}

}  // namespace

void list_all(std::vector<Candidate>& list, std::span<const float> logits) {
  list.resize(logits.size());
  for (size_t i = 0; i < logits.size(); i++) list[i] = {static_cast<int32_t>(i), logits[i] == logits[i] ? logits[i] : none};
}

void list_best(std::vector<Candidate>& list, std::span<const float> logits, size_t k) {
  if (k > logits.size() / block / 4) return list_all(list, logits);
  list.clear();
  for_each_near_best(logits, k, [&](size_t i) { list.push_back({static_cast<int32_t>(i), logits[i] == logits[i] ? logits[i] : none}); });
}

void list_allowed(std::vector<Candidate>& list, std::span<const float> logits, std::span<const uint64_t> allowed) {
  list.clear();
  for (size_t word = 0; word < std::min(allowed.size(), (logits.size() + 63) / 64); word++)
    for (uint64_t left = allowed[word]; left != 0; left &= left - 1) {
      const size_t id = 64 * word + static_cast<size_t>(std::countr_zero(left));
      if (id >= logits.size()) return;
      list.push_back({static_cast<int32_t>(id), logits[id] == logits[id] ? logits[id] : none});
    }
}

bool is_allowed(std::span<const uint64_t> allowed, int32_t id) {
  const auto word = static_cast<size_t>(id) / 64;
  return word < allowed.size() && (allowed[word] >> (id % 64) & 1) != 0;
}

const Candidate& best(const Candidates& c) {
  if (c.sorted) return c.list.front();
  const Candidate* found = &c.list.front();
  for_each_near_best(std::span<const Candidate>(c.list), 1, [&](size_t i) {
    if (better(c.list[i], *found)) found = &c.list[i];
  });
  return *found;
}

void keep_best(Candidates& c, size_t k) {
  k = std::min(k, c.list.size());
  if (!c.sorted) {
    size_t kept = 0;  // never beyond i
    if (k <= c.list.size() / block / 4) {
      for_each_near_best(std::span<const Candidate>(c.list), k, [&](size_t i) { c.list[kept++] = c.list[i]; });
      c.list.resize(kept);
    }
    std::partial_sort(c.list.begin(), c.list.begin() + static_cast<int64_t>(k), c.list.end(), better);
    c.sorted = true;
  }
  c.list.resize(k);
}

void sort_from(Candidates& c, size_t done, size_t k) {
  if (c.sorted || k <= done) return;
  const auto at = [&](size_t i) { return c.list.begin() + static_cast<int64_t>(i); };
  if (k < c.list.size()) std::nth_element(at(done), at(k), c.list.end(), better);
  std::sort(at(done), at(std::min(k, c.list.size())), better);
  c.sorted = k >= c.list.size();
}

double total_weight(std::span<const Candidate> list, float most) {
  double total = 0;
  for (const Candidate& c : list) total += weight(c.logit, most);
  return total;
}

int32_t draw(const Candidates& c) {
  if (c.list.size() == 1) return c.list.front().id;
  const float most = best(c).logit;
  const double goal = random_unit(c.seed, c.step) * total_weight(c.list, most);
  double sum = 0;
  const Candidate* last = nullptr;  // of those that can be drawn
  for (const Candidate& x : c.list) {
    const double w = weight(x.logit, most);
    sum += w;
    if (w > 0) last = &x;
    if (sum > goal) break;
  }
  return last->id;
}

void keep_alone(Candidates& c, const Candidate& x) {
  c.list.front() = x;
  c.list.resize(1);
  c.sorted = true;
}

}  // namespace lt::sample
