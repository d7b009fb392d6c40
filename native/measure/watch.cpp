#include "measure/watch.h"

#include <cmath>

namespace lt::measuring {

void ColumnSums::add(const MatrixNames& weights, std::span<const float> x, int64_t cols) {
  Sums& s = run_[weights];
  const auto width = static_cast<size_t>(cols);
  s.squares.resize(width);
  double* sums = s.squares.data();
  for (size_t at = 0; at + width <= x.size(); at += width, s.rows++) {
    const float* row = x.data() + at;
    for (size_t c = 0; c < width; c++) sums[c] += static_cast<double>(row[c]) * static_cast<double>(row[c]);
  }
}

void ColumnSums::complete() {
  for (auto& [weights, s] : run_) {
    Sums& total = all_[weights];
    total.squares.resize(s.squares.size());
    for (size_t c = 0; c < s.squares.size(); c++) total.squares[c] += s.squares[c];
    total.rows += s.rows;
  }
  run_.clear();
}

std::map<std::string, quantize::Importance::Entry> ColumnSums::entries() const {
  std::map<std::string, Sums> by_name;
  for (const auto& [weights, s] : all_)
    for (const std::string_view name : weights) {
      Sums& total = by_name[std::string(name)];
      total.squares.resize(s.squares.size());
      for (size_t c = 0; c < s.squares.size(); c++) total.squares[c] += s.squares[c];
      total.rows += s.rows;
    }
  std::map<std::string, quantize::Importance::Entry> out;
  for (const auto& [name, s] : by_name) {
    quantize::Importance::Entry& e = out[name];
    e.counts = {static_cast<float>(s.rows)};
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

void Watched::note(Tensor x, std::span<const Product> products) {
  ColumnSums::MatrixNames met;
  for (const Product& p : products) {
    const auto* at = static_cast<const char*>(p.w.data);
    auto weight = weights_.upper_bound(at);
    if (weight == weights_.begin() || at >= (--weight)->second.end) continue;
    if (output_ || weight->second.name.starts_with("blk.")) met.push_back(weight->second.name);
  }
  if (!met.empty()) sums_.add(met, fetch(fetched_, x), x.cols);
}

void Watched::matmul(Tensor x, std::span<const Product> products) {
  note(x, products);
  Wrapper::matmul(x, products);
}

void Watched::glu(Tensor y, Tensor x, Product gate, Product up, Act act) {
  const Product both[] = {gate, up};
  note(x, both);
  Wrapper::glu(y, x, gate, up, act);
}

}  // namespace lt::measuring
