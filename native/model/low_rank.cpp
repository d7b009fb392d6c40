// What this rank and this side of a placement hold of adapters: the same parts as of the weights that they change.
#include <algorithm>

#include "model/loader.h"

namespace lt::model {
namespace {

// Columns of `from` (rows of `cols`) to `to`, row after row; returns behind the last.
float* copy_columns(const std::vector<float>& from, int64_t row, int64_t cols, const Ranges& columns, float* to) {
  for (const Range& c : columns) to = std::copy_n(from.data() + row * cols + c.first, c.count, to);
  return to;
}

}  // namespace

Tensor Loader::adapted(int64_t rows, int64_t cols, const std::function<void(std::span<float>)>& fill) {
  if (bytes_) bytes_->adapters += static_cast<uint64_t>(rows * cols * 4);
  return made(rows, cols, fill);
}

// A tied head keeps the table's own weights: an adapter of token_embd changes what is read of it alone.
LowRank Loader::low_rank(const std::string& name, int64_t out, int64_t in, const Ranges& rows, const Ranges& columns) {
  if (!adapters_ || name == "token_embd") return {};
  std::vector<std::optional<AdapterTensors::Factors>> of;
  int64_t rank = 0;
  for (int64_t i = 0; i < adapters_->count(); i++) {
    of.push_back(adapters_->of(i, spelled(name + ".weight"), 1, out, in));
    if (of.back()) rank = std::max(rank, of.back()->rank);
  }
  if (rank == 0) return {};
  const int64_t n = adapters_->count();
  return {.a = adapted(n * rank, columns.count(),
                       [&](std::span<float> to) {
                         for (int64_t i = 0; i < n; i++)
                           for (int64_t k = 0; of[static_cast<size_t>(i)] && k < of[static_cast<size_t>(i)]->rank; k++)
                             copy_columns(of[static_cast<size_t>(i)]->a, k, in, columns, to.data() + (i * rank + k) * columns.count());
                       }),
          .b = adapted(n * rows.count(), rank, [&](std::span<float> to) {
            for (int64_t i = 0; i < n; i++) {
              if (!of[static_cast<size_t>(i)]) continue;
              const AdapterTensors::Factors& f = *of[static_cast<size_t>(i)];
              float* at = to.data() + i * rows.count() * rank;
              for (const Range& r : rows)
                for (int64_t row = r.first; row < r.first + r.count; row++, at += rank) std::copy_n(f.b.data() + row * f.rank, f.rank, at);
            }
          })};
}

std::vector<LowRank> Loader::low_ranks(const std::string& name, int64_t matrices, int64_t out, int64_t in, const Range& mine) {
  std::vector<LowRank> all;
  bool any = false;
  for (int64_t i = 0; adapters_ && i < adapters_->count(); i++) {
    const std::optional<AdapterTensors::Factors> f = adapters_->of(i, spelled(name + ".weight"), matrices, out, in);
    all.emplace_back();
    if (!f) continue;
    any = true;
    const auto part = [&](const std::vector<float>& from, int64_t rows, int64_t cols) {
      return adapted(mine.count * rows, cols,
                     [&](std::span<float> to) { std::copy_n(from.data() + mine.first * rows * cols, to.size(), to.data()); });
    };
    all.back() = {.a = part(f->a, f->rank, in), .b = part(f->b, out, f->rank)};
  }
  return any ? all : std::vector<LowRank>{};
}

LowRank Loader::low_rank_table(const std::string& name, int64_t rows, int64_t cols) {
  std::vector<std::optional<AdapterTensors::Factors>> of;
  int64_t rank = 0;
  for (int64_t i = 0; adapters_ && i < adapters_->count(); i++) {
    of.push_back(adapters_->of_table(i, spelled(name + ".weight"), rows, cols));
    if (of.back()) rank = std::max(rank, of.back()->rank);
  }
  if (rank == 0) return {};
  const auto stacked = [&](int64_t each, std::vector<float> AdapterTensors::Factors::* half) {
    return adapted(std::ssize(of) * each, rank, [&](std::span<float> to) {
      for (size_t i = 0; i < of.size(); i++)
        for (int64_t r = 0; of[i] && r < each; r++)
          std::copy_n(((*of[i]).*half).data() + r * of[i]->rank, of[i]->rank, to.data() + (static_cast<int64_t>(i) * each + r) * rank);
    });
  };
  return {.a = stacked(rows, &AdapterTensors::Factors::a), .b = stacked(cols, &AdapterTensors::Factors::b)};
}

Tensor Loader::directions(int64_t layer, int64_t width) {
  std::vector<std::span<const float>> of;
  bool any = false;
  for (int64_t i = 0; adapters_ && i < adapters_->count(); i++) {
    of.push_back(adapters_->direction(i, layer, width));
    any = any || !of.back().empty();
  }
  if (!any) return {};
  return adapted(std::ssize(of) + 1, width, [&](std::span<float> to) {
    for (size_t i = 0; i < of.size(); i++) std::copy(of[i].begin(), of[i].end(), to.begin() + static_cast<int64_t>(i) * width);
  });
}

}  // namespace lt::model
