// The models of ../shared/golden/hf and golden2: their input, their results, and how far others are from them.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "check/check.h"
#include "check/json.h"

namespace lt::check {

// Of golden/hf, as folders to convert; those of golden_models are read as GGUF files.
constexpr const char* golden_folders[] = {"llama", "llama-bias", "llama-rope3", "llama-linear", "mistral", "qwen2", "qwen2-yarn", "qwen3"};
constexpr const char* golden_models[] = {"llama",
                                         "llama-bias",
                                         "llama-rope3",
                                         "llama-linear",
                                         "mistral",
                                         "mixtral",
                                         "qwen2",
                                         "qwen2-yarn",
                                         "qwen3",
                                         "gemma3",
                                         "gpt-oss",
                                         "deepseek2-v2",
                                         "deepseek2-v3",
                                         "qwen3next",
                                         "qwen35",
                                         "qwen35moe",
                                         "modern-bert",
                                         "golden2/hf/llama-attnbias",
                                         "golden2/hf/llama-headdim",
                                         "golden2/hf/llama-tied-rope3",
                                         "golden2/hf/llama-yarn",
                                         "golden2/hf/internlm3",
                                         "golden2/hf/qwen3-yarn",
                                         "golden2/hf/gemma3-27b",
                                         "golden2/hf/gemma3-linear",
                                         "golden2/hf/gpt-oss-odd",
                                         "golden2/hf/deepseek2-lite-yarn",
                                         "golden2/hf/deepseek2-v2-groups",
                                         "golden2/hf/deepseek2-v3-yarn",
                                         "golden2/hf/glm4moelite",
                                         "golden2/hf/qwen35-tied",
                                         "golden2/hf/qwen35moe-tied",
                                         "golden2/hf/qwen3next-tied",
                                         "golden2/embed/modern-bert"};
constexpr double golden_exact = 1e-5;  // golden/README.md: ref with an F32 cache

// A name alone is one of golden/hf.
inline std::string golden_at(const std::string& name) { return (name.find('/') == std::string::npos ? "golden/hf/" : "") + name; }

inline std::vector<int32_t> golden_ids(const std::string& name) {
  return Json::parse(read_file(shared(golden_at(name) + "/ids.json"))).at("ids").ids();
}

// Logits, or an encoder's last rows.
inline std::vector<float> golden_logits(const std::string& name) {
  const std::string kind = Json::parse(read_file(shared(golden_at(name) + "/ids.json"))).at("kind").string();
  const std::string bytes = read_file(shared(golden_at(name) + "/" + kind + ".f32"));
  std::vector<float> wanted(bytes.size() / 4);
  std::memcpy(wanted.data(), bytes.data(), bytes.size());
  return wanted;
}

// How far ref with an F32 cache may be from it.
inline double golden_tolerance(const std::string& name) {
  const std::string path = golden_at(name);
  const size_t slash = path.rfind('/');
  const Json index = Json::parse(read_file(shared(path.substr(0, slash) + "/index.json")));
  const Json& model = index.at(path.substr(slash + 1));
  return model.has("tolerance") ? model.at("tolerance").number() : golden_exact;
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
