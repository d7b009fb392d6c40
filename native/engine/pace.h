// How many rows a step takes: as many as fit a time that others can wait. Never changes a result, only how prompts are cut.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>

namespace lt::engine {

class Pace {
 public:
  // Who waits for the step: somebody for the next token of a text, others with prompts, nobody but the one that it is for.
  enum Wait : uint8_t { token, others, alone };

  // step_ms: that somebody waits for the next token; or twice what a step takes without prompts, where that is more: else a large model
  // would read them a few rows at a time, each few at the price of all its weights.
  Pace(int64_t most, double step_ms) : most_(most), goal_{step_ms, std::max(step_ms, 200.0), std::max(step_ms, 600.0)} {}

  int64_t rows(Wait wait) const { return std::min(most_, static_cast<int64_t>(limit_[wait])); }

  // Of prompts, what is read in about a second.
  int64_t soon() const { return 6 * rows(others); }

  // next: how many of the rows were each the next of a text, the others being of prompts.
  void measured(Wait wait, int64_t rows, int64_t next, double milliseconds) {
    if (rows == next) {
      next_ms_[size_class(next)] = milliseconds;
      return;
    }
    double& limit = limit_[wait];
    if (2 * rows < rows_of(limit)) return;  // too small to tell how long a full one takes
    const double goal = wait == token ? std::max(goal_[token], 2 * next_ms(next)) : goal_[wait];
    const double wish = goal / std::max(milliseconds, 0.01);
    limit =
        std::clamp(static_cast<double>(rows) * std::clamp(wish, 1.0 / 16, 4.0), least, static_cast<double>(std::max<int64_t>(most_, 64)));
  }

 private:
  static constexpr double least = 16;
  static size_t size_class(int64_t rows) { return std::min<size_t>(std::bit_width(static_cast<uint64_t>(rows)), 7); }
  // What a step of so many next rows takes; where that was not seen yet, of fewer.
  double next_ms(int64_t next) const {
    size_t i = size_class(next);
    while (i > 0 && next_ms_[i] == 0) i--;
    return next_ms_[i];
  }
  int64_t rows_of(double limit) const { return std::min(most_, static_cast<int64_t>(limit)); }
  int64_t most_;
  double step_ms_;
  std::array<double, 3> goal_;  // milliseconds
  std::array<double, 3> limit_{64, 64, 64};
  std::array<double, 8> next_ms_{};  // by size_class
};

}  // namespace lt::engine
