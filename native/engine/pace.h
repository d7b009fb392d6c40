// How many rows a step takes: as many as fit a time that others can wait. Never changes a result, only how prompts are cut.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>

namespace lt::engine {

class Pace {
 public:
  // Who waits for the step: somebody for the next token of a text, others with prompts, nobody but the one that it is for.
  enum Wait : uint8_t { token, others, alone };

  // step_ms: that somebody waits for the next token.
  Pace(int64_t most, double step_ms) : most_(most), goal_{step_ms, std::max(step_ms, 200.0), std::max(step_ms, 900.0)} {}

  int64_t rows(Wait wait) const { return std::min(most_, static_cast<int64_t>(limit_[wait])); }

  void measured(Wait wait, int64_t rows, double milliseconds) {
    double& limit = limit_[wait];
    if (2 * rows < rows_of(limit)) return;  // too small to tell how long a full one takes
    const double wish = goal_[wait] / std::max(milliseconds, 0.01);
    limit =
        std::clamp(static_cast<double>(rows) * std::clamp(wish, 1.0 / 16, 4.0), least, static_cast<double>(std::max<int64_t>(most_, 64)));
  }

 private:
  static constexpr double least = 16;
  int64_t rows_of(double limit) const { return std::min(most_, static_cast<int64_t>(limit)); }
  int64_t most_;
  std::array<double, 3> goal_;  // milliseconds
  std::array<double, 3> limit_{64, 64, 64};
};

}  // namespace lt::engine
