#include "comm/ranked.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace lt::comm {
namespace {

// Rows that go into one exchange: messages of MPI are counted in 31 bits. The same on all ranks, as `cols` is.
int64_t rows_at_once(int64_t cols) { return std::max<int64_t>(1, (int64_t{16} << 20) / std::max<int64_t>(1, cols)); }

}  // namespace

void Ranked::store(Tensor x, std::span<const float> from) {
  if (from.data() == x.data) return;
  if (x.stride == x.cols * 4)
    below().write(x, from.data());
  else
    for (int64_t r = 0; r < x.rows; r++) below().write(row_of(x, r), from.data() + r * x.cols);
}

void Ranked::all_reduce(Tensor x) {
  for (int64_t first = 0, step = rows_at_once(x.cols); first < x.rows; first += step) {
    const Tensor rows = x.slice(first, std::min(step, x.rows - first));
    const std::span<float> values = fetch(mine_, rows);
    comm_->all_reduce(values);
    store(rows, values);
  }
}

void Ranked::all_gather(Tensor y, Tensor x) {
  for (int64_t first = 0, step = rows_at_once(y.cols); first < x.rows; first += step) {
    const int64_t n = std::min(step, x.rows - first);
    const std::span<float> mine = fetch(mine_, x.slice(first, n));
    const std::span<const char> sent{reinterpret_cast<const char*>(mine.data()), mine.size_bytes()};
    all_.resize(static_cast<size_t>(n * y.cols));
    int64_t column = 0;
    for (const std::span<const char> part : comm_->all_gather(sent, static_cast<size_t>(n * y.cols * 4))) {
      const int64_t cols = static_cast<int64_t>(part.size()) / 4 / n;
      if (column + cols > y.cols) break;
      for (int64_t r = 0; r < n; r++)
        std::memcpy(all_.data() + r * y.cols + column, part.data() + r * cols * 4, static_cast<size_t>(cols * 4));
      column += cols;
    }
    if (column != y.cols) throw Error(Code::internal, "all_gather: the ranks' columns do not add up to " + std::to_string(y.cols));
    store(y.slice(first, n), all_);
  }
}

}  // namespace lt::comm
