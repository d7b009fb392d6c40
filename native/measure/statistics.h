// Means of many values with their standard errors.
#pragma once
#include <algorithm>
#include <cmath>
#include <vector>

namespace lt::measuring {

struct Mean {
  double value = 0, error = 0;  // error: of the mean, from the spread of the values
};

inline Mean mean_of(const std::vector<double>& values) {
  const auto n = static_cast<double>(values.size());
  Mean m;
  if (values.empty()) return m;
  for (const double v : values) m.value += v;
  m.value /= n;
  double spread = 0;
  for (const double v : values) spread += (v - m.value) * (v - m.value);
  if (n > 1) m.error = std::sqrt(spread / (n - 1) / n);
  return m;
}

// The value below which `part` of them lie, on the line between the two nearest.
inline double quantile(std::vector<double> values, double part) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double at = part * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(at);
  const double above = values[std::min(below + 1, values.size() - 1)];
  return values[below] + (at - static_cast<double>(below)) * (above - values[below]);
}

}  // namespace lt::measuring
