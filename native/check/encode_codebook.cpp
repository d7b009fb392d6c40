// The encoders of the code book types: against the reference quantizer's errors, against a plain search, on hostile rows.
#include "check/encode_codebook.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <random>

#include "check/check.h"
#include "check/json.h"
#include "encode/encode.h"

namespace {

using namespace lt;
using check::Codebook;

struct Input {
  std::vector<float> x, importance;  // importance: empty for 1 each
  int64_t cols;
  int64_t rows() const { return static_cast<int64_t>(x.size()) / cols; }
};

std::vector<uint8_t> encoded(const Codebook& t, const Input& in, const char* isa = nullptr, bool unbiased = false) {
  const encode::Rows rows{in.x.data(),           in.rows(), in.cols, in.importance.empty() ? nullptr : in.importance.data(),
                          encode::Weigh::evenly, unbiased};
  std::vector<uint8_t> blocks(static_cast<size_t>(quant::row_bytes(t.type, static_cast<int64_t>(in.x.size()))));
  isa ? encode::encode(isa, t.type, rows, blocks.data()) : encode::encode(t.type, rows, blocks.data());
  return blocks;
}

std::vector<float> decoded(const Codebook& t, const std::vector<uint8_t>& blocks) {
  const quant::TypeInfo& info = quant::info(t.type);
  std::vector<float> y(blocks.size() / static_cast<size_t>(info.bytes) * static_cast<size_t>(info.values));
  info.dequantize(y.data(), blocks.data(), static_cast<int64_t>(y.size()));
  return y;
}

// Root of the mean of the squares of x - y, by importance.
double distance(const Input& in, const std::vector<float>& y) {
  double squares = 0, weights = 0;
  for (size_t i = 0; i < y.size(); i++) {
    const double w = in.importance.empty() ? 1 : double{in.importance[i % static_cast<size_t>(in.cols)]},
                 e = double{in.x[i]} - double{y[i]};
    squares += w * e * e, weights += w;
  }
  return std::sqrt(squares / weights);
}

// x of `count` values; (random) makes one.
Input made(int64_t count, int64_t cols, uint32_t seed, const std::function<double(std::mt19937_64&)>& value) {
  std::mt19937_64 random(seed);
  Input in{std::vector<float>(static_cast<size_t>(count)), {}, cols};
  for (float& x : in.x) x = static_cast<float>(value(random));
  return in;
}

double uniform(std::mt19937_64& r) { return (static_cast<double>(r() >> 11) + 0.5) / 9007199254740992.0; }
double normal(std::mt19937_64& r) { return std::sqrt(-2 * std::log(uniform(r))) * std::cos(6.283185307179586 * uniform(r)); }

std::vector<std::pair<std::string, Input>> inputs(int64_t count, int64_t cols) {
  std::vector<std::pair<std::string, Input>> all;
  all.emplace_back("normal", made(count, cols, 1, [](auto& r) { return 0.02 * normal(r); }));
  all.emplace_back("heavy tails", made(count, cols, 2, [](auto& r) { return normal(r) / std::sqrt(-std::log(uniform(r)) + 0.01); }));
  all.emplace_back("outliers", made(count, cols, 3, [](auto& r) { return normal(r) * (uniform(r) < 0.01 ? 20 : 1); }));
  all.emplace_back("sparse", made(count, cols, 4, [](auto& r) { return uniform(r) < 0.3 ? normal(r) : 0; }));
  std::mt19937_64 random(5);
  for (size_t i = 0, n = all.size(); i < n; i++) {
    Input weighed = all[i].second;
    for (int64_t c = 0; c < cols; c++) weighed.importance.push_back(static_cast<float>(std::exp(2 * normal(random))));
    all.emplace_back(all[i].first + ", weighed", std::move(weighed));
  }
  return all;
}

CHECK_CASE("encode/code book types leave less error than the reference quantizer") {
  const check::Json index = check::Json::parse(check::read_file(check::shared("vectors/quant/index.json")));
  const std::string x = check::read_file(check::shared("vectors/quant/weights.f32"));
  const std::string w = check::read_file(check::shared("vectors/quant/importance.f32"));
  Input even{std::vector<float>(x.size() / 4), {}, static_cast<int64_t>(w.size() / 4)};
  std::memcpy(even.x.data(), x.data(), x.size());
  Input weighed = even;
  weighed.importance.resize(w.size() / 4);
  std::memcpy(weighed.importance.data(), w.data(), w.size());
  for (const Codebook& t : check::codebooks()) {
    const check::Json& figures = index.at("types").at(t.name);
    const double error = distance(weighed, decoded(t, encoded(t, weighed))), most = figures.at("weighted_rmse").number();
    CHECK_THAT(error < 0.92 * most, t.name << ": weighted error " << error << ", the reference leaves " << most);
    if (!figures.has("rmse")) continue;
    const double plain = distance(even, decoded(t, encoded(t, even))), reference = figures.at("rmse").number();
    CHECK_THAT(plain < 0.92 * reference, t.name << ": error " << plain << ", the reference leaves " << reference);
  }
}

// Errors relative to the values' size that the search reaches, plus a hundredth: a search that finds less shows.
CHECK_CASE("encode/code book types on made-up values") {
  for (const Codebook& t : check::codebooks()) {
    const auto all = inputs(2048, 512);
    for (size_t i = 0; i < all.size(); i++) {
      const std::vector<float> none(all[i].second.x.size());
      const double relative = distance(all[i].second, decoded(t, encoded(t, all[i].second))) / distance(all[i].second, none);
      CHECK_THAT(relative < 1.01 * t.reached[i], t.name << ", " << all[i].first << ": " << relative << ", not " << t.reached[i]);
    }
  }
}

CHECK_CASE("encode/code book types give the same bits on every ISA") {
  for (const Codebook& t : check::codebooks()) {
    for (const auto& [name, in] : inputs(512, 512)) {
      const std::vector<uint8_t> best = encoded(t, in, nullptr, true);
      for (const std::string& isa : encode::isas())
        CHECK_THAT(encoded(t, in, isa.c_str(), true) == best, t.name << ", " << name << ": " << isa);
    }
  }
}

// At the scale that a block has, no point and no signs of the format are nearer than those in it.
CHECK_CASE("encode/code book types choose the best points and signs at their scale") {
  for (const Codebook& t : check::codebooks()) {
    for (const auto& [name, in] : inputs(1024, 256)) {
      const std::vector<float> y = decoded(t, encoded(t, in));
      const std::vector<uint8_t> blocks = encoded(t, in);
      const size_t bytes = static_cast<size_t>(quant::info(t.type).bytes);
      for (size_t start = 0; start < in.x.size(); start += static_cast<size_t>(t.part)) {
        const float scale = t.scale(blocks.data() + start / 256 * bytes, static_cast<int>(start % 256) / t.part);
        const float* w = in.importance.empty() ? nullptr : in.importance.data() + start % 256;
        double left = 0, size = 0;
        for (int i = 0; i < t.part; i++) {
          const double weight = w ? double{w[i]} : 1, x = double{in.x[start + static_cast<size_t>(i)]};
          const double e = x - double{y[start + static_cast<size_t>(i)]};
          left += weight * e * e, size += weight * x * x;
        }
        const double least = check::least_error(t, in.x.data() + start, w, scale);
        CHECK_THAT(left <= least + 1e-5 * (size + least),
                   t.name << ", " << name << ", value " << start << ": " << left << ", not " << least);
      }
    }
  }
}

CHECK_CASE("encode/code book types encode what they decode to, again") {
  for (const Codebook& t : check::codebooks()) {
    for (const auto& [name, in] : inputs(2048, 512)) {
      Input again{decoded(t, encoded(t, in)), in.importance, in.cols};
      const std::vector<float> none(again.x.size());
      const double relative = distance(again, decoded(t, encoded(t, again))) / distance(again, none);
      CHECK_THAT(relative < 0.02, t.name << ", " << name << ": " << relative);
    }
  }
}

CHECK_CASE("encode/code book types raise scales until values keep their size") {
  for (const Codebook& t : check::codebooks()) {
    for (const auto& [name, in] : inputs(1024, 256)) {
      const std::vector<float> y = decoded(t, encoded(t, in, nullptr, true));
      for (size_t start = 0; start < y.size(); start += 256) {
        double xy = 0, xx = 0;
        for (size_t i = start; i < start + 256; i++) {
          const double w = in.importance.empty() ? 1 : double{in.importance[i % 256]};
          xy += w * double{in.x[i]} * double{y[i]}, xx += w * double{in.x[i]} * double{in.x[i]};
        }
        CHECK_THAT(std::abs(xy / xx - 1) < 1e-3, t.name << ", " << name << ": " << xy / xx);
      }
    }
  }
}

std::vector<std::pair<std::string, Input>> hostile() {
  constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<std::pair<std::string, Input>> all;
  const auto add = [&](const char* name, auto value) { all.emplace_back(name, made(256, 256, 7, value)); };
  add("zeros", [](auto&) { return 0.0; });
  add("negative zeros", [](auto&) { return -0.0; });
  add("the same value", [](auto&) { return 0.3; });
  add("largest values", [](auto& r) { return normal(r) < 0 ? -3.4e38 : 3.4e38; });
  add("denormals", [](auto& r) { return 1e-42 * normal(r); });
  add("below the smallest half", [](auto& r) { return 1e-9 * normal(r); });
  add("around the smallest half", [](auto& r) { return 3e-7 * normal(r); });
  add("above the largest half", [](auto& r) { return 1e8 * normal(r); });
  add("every size", [](auto& r) { return normal(r) * std::exp2(std::floor(200 * uniform(r)) - 100); });
  for (const float one : {1e30f, infinity, -infinity, nan}) {
    add("one value", [](auto& r) { return 0.01 * normal(r); });
    all.back().second.x[77] = one;
    add("one value alone", [](auto&) { return 0.0; });
    all.back().second.x[200] = one;
  }
  for (size_t i = 0, n = all.size(); i < n; i++) {
    for (const float weight : {0.0f, 1e-38f, 3e38f}) {
      Input in = all[i].second;
      in.importance.assign(256, weight);
      in.importance[9] = 1;
      if (weight == 0) in.importance[9] = 0;
      all.emplace_back(all[i].first + ", importance " + std::to_string(weight), in);
    }
  }
  return all;
}

CHECK_CASE("encode/code book types write valid blocks of whatever there is") {
  for (const Codebook& t : check::codebooks()) {
    for (const auto& [name, in] : hostile()) {
      for (const bool unbiased : {false, true}) {
        const std::vector<uint8_t> blocks = encoded(t, in, nullptr, unbiased);
        const std::vector<float> y = decoded(t, blocks);
        for (const float v : y) CHECK_THAT(std::isfinite(v), t.name << ", " << name << ": " << v);
        for (const std::string& isa : encode::isas())
          CHECK_THAT(encoded(t, in, isa.c_str(), unbiased) == blocks, t.name << ", " << name << ": " << isa);
        if (unbiased || !std::all_of(in.x.begin(), in.x.end(), [](float v) { return std::isfinite(v) && std::abs(v) < 1e6f; })) continue;
        const std::vector<float> none(256);
        if (!in.importance.empty() && in.importance[0] == 0) continue;
        CHECK_THAT(distance(in, y) <= distance(in, none), t.name << ", " << name << ": farther than zeros");
      }
    }
  }
}

}  // namespace
