#include "grammar/walks.h"

#include <algorithm>
#include <bit>
#include <chrono>

namespace lt::grammar {
namespace {

// Sebastiano Vigna's splitmix64.
class WalkRandom {
 public:
  explicit WalkRandom(uint64_t seed) : state_(seed) {}
  uint64_t operator()() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double below(double limit) { return static_cast<double>((*this)() >> 11) * 0x1p-53 * limit; }

 private:
  uint64_t state_;
};

// The mask of a place.
class WalkMask {
 public:
  explicit WalkMask(Masks& masks) : masks_(masks), words_(masks.words()) {}

  void at(Masks::State state) {
    state_ = state;
    masks_.allow(state, words_);
  }
  bool has(int32_t id) const {
    return id >= 0 && id < masks_.vocabulary().size() && (words_[static_cast<size_t>(id) >> 6] >> (id & 63) & 1) != 0;
  }
  bool none() const {
    return std::all_of(words_.begin(), words_.end(), [](uint64_t w) { return w == 0; });
  }
  bool end() const {
    const std::vector<int32_t>& ends = masks_.vocabulary().ends();
    return ends.empty() ? masks_.whole(state_) : std::any_of(ends.begin(), ends.end(), [this](int32_t id) { return has(id); });
  }
  bool is_end(int32_t id) const {
    const std::vector<int32_t>& ends = masks_.vocabulary().ends();
    return std::find(ends.begin(), ends.end(), id) != ends.end();
  }
  template <class F>
  void for_each(F f) const {
    for (size_t w = 0; w < words_.size(); ++w)
      for (uint64_t left = words_[w]; left != 0; left &= left - 1) f(static_cast<int32_t>(64 * w) + std::countr_zero(left));
  }
  const std::vector<uint64_t>& words() const { return words_; }

 private:
  Masks& masks_;
  Masks::State state_ = 0;
  std::vector<uint64_t> words_;
};

// One to three tokens of another text. Where a walk stands is a number that it keeps, so nothing is to be undone.
void detour(Masks& masks, Masks::State from, WalkRandom& random, WalkMask& allowed) {
  for (uint64_t left = 1 + random() % 3; left > 0; --left) {
    allowed.at(from);
    std::vector<int32_t> ids;
    allowed.for_each([&](int32_t id) {
      if (!allowed.is_end(id)) ids.push_back(id);
    });
    if (ids.empty()) return;
    from = masks.next(from, ids[random() % ids.size()]);
  }
}

}  // namespace

Walked walk(Masks& masks, const Walk& of) {
  using Clock = std::chrono::steady_clock;
  Walked out;
  WalkMask allowed(masks), other(masks);
  WalkRandom random(of.detours.value_or(0));
  Masks::State state = masks.start();
  for (uint32_t i = 0;; ++i) {
    const Clock::time_point begin = Clock::now();
    allowed.at(state);
    out.mask_us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
    if (allowed.none() && !allowed.end()) out.dead = i;
    out.end = allowed.end();
    if (out.end) out.ends.push_back(i);
    if (i == of.ids.size()) return out;
    if (of.detours && i % 3 == 0) detour(masks, state, random, other);
    const int32_t id = of.ids[i];
    if (!allowed.has(id) || allowed.is_end(id)) {
      out.refused = i;
      out.end = false;
      return out;
    }
    state = masks.next(state, id);
  }
}

std::vector<uint64_t> mask_behind(Masks& masks, std::span<const int32_t> prefix) {
  WalkMask allowed(masks);
  Masks::State state = masks.start();
  for (const int32_t id : prefix) {
    allowed.at(state);
    if (!allowed.has(id) || allowed.is_end(id)) return std::vector<uint64_t>(masks.words());
    state = masks.next(state, id);
  }
  allowed.at(state);
  return allowed.words();
}

Drawn draw(Masks& masks, const Draw& of) {
  Drawn out;
  WalkMask allowed(masks);
  WalkRandom random(of.seed);
  std::vector<double> weights(static_cast<size_t>(masks.vocabulary().size()), 1);
  for (const auto& [id, weight] : of.weights)
    if (id >= 0 && id < masks.vocabulary().size()) weights[static_cast<size_t>(id)] = weight;
  for (Masks::State state = masks.start(); out.ids.size() < of.most;) {
    allowed.at(state);
    if (allowed.none()) {
      out.complete = masks.vocabulary().ends().empty() && masks.whole(state);
      out.stuck = !out.complete;
      return out;
    }
    double all = 0;
    allowed.for_each([&](int32_t id) { all += weights[static_cast<size_t>(id)]; });
    double left = random.below(all);
    int32_t chosen = -1;
    allowed.for_each([&](int32_t id) {
      if (left < 0) return;
      chosen = id;
      left -= weights[static_cast<size_t>(id)];
    });
    if (allowed.is_end(chosen)) {
      out.complete = true;
      return out;
    }
    out.ids.push_back(chosen);
    state = masks.next(state, chosen);
  }
  return out;
}

}  // namespace lt::grammar
