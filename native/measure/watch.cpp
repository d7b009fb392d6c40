#include "measure/watch.h"

#include <algorithm>
#include <cmath>

namespace lt::measuring {

void ColumnSums::Sums::add(const Sums& other) {
  squares.resize(std::max(squares.size(), other.squares.size()));
  rows.resize(std::max(rows.size(), other.rows.size()));
  for (size_t i = 0; i < other.squares.size(); i++) squares[i] += other.squares[i];
  for (size_t i = 0; i < other.rows.size(); i++) rows[i] += other.rows[i];
}

void ColumnSums::add(const MatrixNames& weights, std::span<const float> x, int64_t cols, int64_t count, std::span<const int32_t> met) {
  Sums& s = run_[weights];
  const auto width = static_cast<size_t>(cols), rows = x.size() / width, used = met.size() / std::max<size_t>(rows, 1);
  s.squares.resize(static_cast<size_t>(count) * width);
  s.rows.resize(static_cast<size_t>(count));
  for (size_t i = 0; i < rows * used; i++) {
    if (met[i] < 0 || met[i] >= count) continue;
    const float* row = x.data() + i / used * width;
    double* sums = s.squares.data() + static_cast<size_t>(met[i]) * width;
    for (size_t c = 0; c < width; c++) sums[c] += static_cast<double>(row[c]) * static_cast<double>(row[c]);
    s.rows[static_cast<size_t>(met[i])]++;
  }
}

void ColumnSums::complete() {
  for (auto& [weights, s] : run_) all_[weights].add(s);
  run_.clear();
}

std::map<std::string, quantize::Importance::Entry> ColumnSums::entries() const {
  std::map<std::string, Sums> by_name;
  for (const auto& [weights, s] : all_)
    for (const std::string_view name : weights) by_name[std::string(name)].add(s);
  std::map<std::string, quantize::Importance::Entry> out;
  for (const auto& [name, s] : by_name) {
    quantize::Importance::Entry& e = out[name];
    for (const double n : s.rows) e.counts.push_back(static_cast<float>(n));
    for (const double sum : s.squares) {
      e.sums.push_back(static_cast<float>(sum));
      if (!std::isfinite(e.sums.back()))
        throw Error(Code::format, name + ": its inputs are not numbers, or too large for one: the model's file is damaged");
    }
  }
  return out;
}

Watched::Watched(std::unique_ptr<Backend> below, const gguf::File& file, ColumnSums& sums, bool output)
    : Wrapper(std::move(below)), sums_(sums), output_(output) {
  for (const gguf::HostTensor& t : file.tensors())
    if (t.bytes > 0) names_.emplace(static_cast<const char*>(t.data), t.name);
}

Tensor Watched::place(Tensor host) {
  const Tensor placed = Wrapper::place(host);
  const auto name = names_.find(static_cast<const char*>(host.data));
  const auto* at = static_cast<const char*>(placed.data);
  if (name != names_.end()) weights_[at] = {at + placed.rows * placed.stride, name->second};
  return placed;
}

// Which matrices each row of x meets.
std::span<const int32_t> Watched::met_by(Tensor x, const Choice& choice) {
  met_.assign(static_cast<size_t>(x.rows), 0);
  if (choice.ids) {
    met_.resize(static_cast<size_t>(x.rows * choice.ids.cols));
    for (int64_t r = 0; r < x.rows; r++) below().read(met_.data() + r * choice.ids.cols, row_of(choice.ids, r));
  } else if (choice) {
    for (size_t r = 0; r < met_.size(); r++) met_[r] = static_cast<int32_t>(r) % static_cast<int32_t>(choice.count);
  }
  return met_;
}

void Watched::note(Tensor x, std::span<const Product> products, const Choice& choice) {
  ColumnSums::MatrixNames met;
  for (const Product& p : products) {
    const auto* at = static_cast<const char*>(p.w.data);
    auto weight = weights_.upper_bound(at);
    if (weight == weights_.begin() || at >= (--weight)->second.end) continue;
    if (output_ || weight->second.name.starts_with("blk.")) met.push_back(weight->second.name);
  }
  if (!met.empty()) sums_.add(met, fetch(fetched_, x), x.cols, std::max<int64_t>(choice.count, 1), met_by(x, choice));
}

void Watched::matmul(Tensor x, std::span<const Product> products, const Choice& choice) {
  note(x, products, choice);
  Wrapper::matmul(x, products, choice);
}

void Watched::glu(Tensor y, Tensor x, Product gate, Product up, const Map& map, const Choice& choice) {
  const Product both[] = {gate, up};
  note(x, both, choice);
  Wrapper::glu(y, x, gate, up, map, choice);
}

}  // namespace lt::measuring
