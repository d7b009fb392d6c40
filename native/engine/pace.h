// How many rows a step takes: as many as fit a time that others can wait. Never changes a result, only how prompts are cut.
#pragma once
#include <algorithm>
#include <cstdint>

namespace lt::engine {

class Pace {
 public:
  explicit Pace(int64_t most) : most_(most) {}

  // alone: nobody waits for the step but the one request it is for.
  int64_t rows(bool alone) const { return std::min(most_, static_cast<int64_t>(limit_[alone])); }

  void measured(bool alone, int64_t rows, double milliseconds) {
    double& limit = limit_[alone];
    if (2 * rows < rows_of(limit)) return;  // too small to tell how long a full one takes
    const double wish = goal[alone] / std::max(milliseconds, 0.01);
    limit =
        std::clamp(static_cast<double>(rows) * std::clamp(wish, 1.0 / 16, 4.0), least, static_cast<double>(std::max<int64_t>(most_, 64)));
  }

 private:
  static constexpr double least = 16;
  static constexpr double goal[2] = {200, 900};  // milliseconds: among others, alone
  int64_t rows_of(double limit) const { return std::min(most_, static_cast<int64_t>(limit)); }
  int64_t most_;
  double limit_[2] = {64, 64};
};

}  // namespace lt::engine
