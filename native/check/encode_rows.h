// Made-up weights for the checks of encoders, and the error that an encoder leaves on them.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "check/check.h"
#include "encode/encode.h"
#include "quant/type.h"

namespace lt::check {

// The types whose values lie on a line: all but the code books.
inline const std::vector<uint32_t>& linear_types() {
  static const std::vector<uint32_t> ids{2, 3, 6, 7, 8, 10, 11, 12, 13, 14, 20, 23, 34, 35, 39, 40, 41, 42};
  return ids;
}

// Numbers that are the same on every machine.
class Numbers {
 public:
  explicit Numbers(uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15ull + 1) {}
  double uniform() {  // in (0, 1)
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return (static_cast<double>(state_ >> 40) + 0.5) / 16777216.0;
  }
  float normal() {
    double sum = -6;
    for (int i = 0; i < 12; i++) sum += uniform();
    return static_cast<float>(sum);
  }

 private:
  uint64_t state_;
};

struct WeightSet {
  std::string name;
  std::vector<float> x;  // (rows, cols)
  bool ordinary;         // such as a model has: its error is compared with other searches'
};

inline std::vector<WeightSet> weight_sets(int64_t rows, int64_t cols) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const auto fill = [&](std::string name, bool ordinary, auto&& value) {
    Numbers numbers(name.size());
    WeightSet set{std::move(name), std::vector<float>(static_cast<size_t>(rows * cols)), ordinary};
    for (size_t i = 0; i < set.x.size(); i++) set.x[i] = value(numbers, i);
    return set;
  };
  using N = Numbers&;
  return {
      fill("gaussian", true, [](N n, size_t) { return 0.02f * n.normal(); }),
      fill("heavy tails", true, [](N n, size_t) { return 0.01f * n.normal() / static_cast<float>(std::sqrt(n.uniform())); }),
      fill("outliers", true, [](N n, size_t i) { return 0.02f * n.normal() * (i % 97 == 5 ? 12.0f : 1.0f); }),
      fill("sparse", true, [](N n, size_t i) { return i % 9 == 0 ? 0.1f * n.normal() : 0.0f; }),
      fill("shifted", true, [](N n, size_t) { return 0.5f + 0.02f * n.normal(); }),
      fill("cauchy", true, [](N n, size_t) { return static_cast<float>(0.01 * std::tan(3.14159 * (n.uniform() - 0.5))); }),
      fill("log-normal", true, [](N n, size_t) { return (n.uniform() < 0.5 ? -0.01f : 0.01f) * std::exp(n.normal()); }),
      fill("rows of few", true,
           [&](N n, size_t i) {
             const float x = n.normal();
             return static_cast<int64_t>(i) / cols % 2 == 0 ? 0.02f * x : n.uniform() < 0.02 ? x : 0.0f;
           }),
      fill("large columns", true, [](N n, size_t i) { return 0.02f * n.normal() * (i % 128 == 7 ? 40.0f : 1.0f); }),
      fill("large blocks", true, [](N n, size_t i) { return n.normal() * (i / 32 % 5 == 2   ? 1.0f
                                                                          : i / 32 % 5 == 4 ? 0.1f
                                                                                            : 0.01f); }),
      fill("zeros", false, [](N, size_t) { return 0.0f; }),
      fill("constant", false, [](N, size_t i) { return i < 700 ? 0.37f : -3.0f; }),
      fill("one value", false, [](N, size_t i) { return i % 256 == 17 ? -0.5f : 0.0f; }),
      fill("denormal", false, [](N n, size_t) { return 1e-41f * n.normal(); }),
      fill("tiny", false, [](N n, size_t) { return 1e-8f * n.normal(); }),
      fill("huge", false, [](N n, size_t) { return 3e38f * static_cast<float>(n.uniform() - 0.5); }),
      fill("one huge outlier", false, [](N n, size_t i) { return i % 300 == 100 ? 1e30f : 0.02f * n.normal(); }),
      fill("not numbers", false,
           [](N n, size_t i) {
             return i % 31 == 3 ? std::nanf("") : i % 77 == 4 ? -infinity : i % 50 == 1 ? infinity : n.normal();
           }),
  };
}

// Of each column, from 0.01 to 100, some 0.
inline std::vector<float> importance_of(int64_t cols) {
  Numbers numbers(77);
  std::vector<float> all(static_cast<size_t>(cols));
  for (float& i : all) i = numbers.uniform() < 0.05 ? 0.0f : static_cast<float>(std::pow(10.0, 4 * numbers.uniform() - 2));
  return all;
}

inline size_t encoded_bytes(Type type, const encode::Rows& rows) {
  return static_cast<size_t>(quant::row_bytes(type, rows.cols) * rows.rows);
}

inline std::vector<float> decoded(Type type, const encode::Rows& rows, const std::vector<uint8_t>& blocks) {
  std::vector<float> y(static_cast<size_t>(rows.rows * rows.cols));
  quant::info(type).dequantize(y.data(), blocks.data(), rows.rows * rows.cols);
  return y;
}

// Sum over all values of importance * error^2.
inline double squared_error(const encode::Rows& rows, const std::vector<float>& y) {
  double sum = 0;
  for (int64_t i = 0; i < rows.rows * rows.cols; i++) {
    const double e = double{y[static_cast<size_t>(i)]} - double{rows.x[i]};
    sum += e * e * (rows.importance ? double{rows.importance[i % rows.cols]} : 1.0);
  }
  return sum;
}

inline double encoding_error(Type type, const encode::Rows& rows) {
  std::vector<uint8_t> blocks(encoded_bytes(type, rows));
  encode::encode(type, rows, blocks.data());
  return squared_error(rows, decoded(type, rows, blocks));
}

}  // namespace lt::check
