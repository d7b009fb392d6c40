// The models of ../shared/golden/hf: their input, their logits, and how far others are from them.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "check/check.h"

namespace lt::check {

constexpr const char* golden_folders[] = {"llama", "llama-bias", "llama-rope3", "llama-linear", "mistral", "qwen2", "qwen2-yarn", "qwen3"};
constexpr double golden_exact = 1e-5;  // golden/README.md: ref with an F32 cache

inline std::vector<int32_t> golden_ids(const std::string& name) {
  const std::string text = read_file(shared("golden/hf/" + name + "/ids.json"));
  std::vector<int32_t> ids;
  size_t at = text.find('[', text.find("\"ids\"")) + 1;
  const size_t end = text.find(']', at);
  while (at < end) {
    ids.push_back(std::stoi(text.substr(at)));
    at = std::min(text.find(',', at), end) + 1;
  }
  return ids;
}

inline std::vector<float> golden_logits(const std::string& name) {
  const std::string bytes = read_file(shared("golden/hf/" + name + "/logits.f32"));
  std::vector<float> wanted(bytes.size() / 4);
  std::memcpy(wanted.data(), bytes.data(), bytes.size());
  return wanted;
}

// rms(a - b) / rms(b) with both rows' means removed.
inline double distance(const float* a, const float* b, size_t n) {
  double mean_a = 0, mean_b = 0, error = 0, size = 0;
  for (size_t i = 0; i < n; i++) mean_a += a[i], mean_b += b[i];
  mean_a /= static_cast<double>(n), mean_b /= static_cast<double>(n);
  for (size_t i = 0; i < n; i++) {
    const double x = a[i] - mean_a, y = b[i] - mean_b;
    error += (x - y) * (x - y), size += y * y;
  }
  return std::sqrt(error / size);
}

// Of `rows` rows, ascending.
inline std::vector<double> distances(const std::vector<float>& found, const std::vector<float>& wanted, size_t rows) {
  CHECK(found.size() == wanted.size());
  const size_t columns = wanted.size() / rows;
  std::vector<double> all;
  for (size_t r = 0; r < rows; r++) all.push_back(distance(&found[r * columns], &wanted[r * columns], columns));
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace lt::check
