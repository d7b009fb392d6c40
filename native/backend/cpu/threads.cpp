// How many threads a model is computed on, where that is measured: the model's own weights are read and multiplied, on each number of
// threads in turn, a few milliseconds each, and again, so that what else the machine does meets all of them.
#include <algorithm>
#include <chrono>

#include "backend/cpu/cpu.h"
#include "core/cores.h"
#include "quant/type.h"

namespace lt::cpu {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int rounds = 3;
constexpr std::chrono::microseconds slice{2000};
constexpr int64_t slice_rows = 2048;                   // of weights that are multiplied at once
constexpr int64_t read_bytes = int64_t{64} << 20;      // of weights at least, that no core's own caches hold
constexpr int64_t prefill_rows = 64;                   // enough that products are bound by arithmetic
constexpr int64_t least_side = 64, most_cols = 32768;  // of matrices that say something

int64_t bytes_of(const Tensor& t) { return t.rows * t.stride; }

}  // namespace

Tensor Cpu::place(Tensor host) {
  if (measures_ && host.rows >= least_side && host.cols >= least_side && host.cols <= most_cols && by_type_[static_cast<int>(host.type)])
    matrices_.push_back(host);
  return host;  // read where it lies
}

// Weights a second that are multiplied by so many rows, from the matrix `next` on.
double Cpu::rate(int64_t rows, const std::vector<Tensor>& matrices, size_t& next, float* x, float* y) {
  const auto begin = Clock::now();
  double done = 0;
  do {
    const Tensor& w = matrices[next++ % matrices.size()];
    Ops::matmul({y, Type::f32, rows, w.rows, w.rows * 4}, {x, Type::f32, rows, w.cols, w.cols * 4}, w);
    done += static_cast<double>(bytes_of(w));
  } while (Clock::now() - begin < slice);
  return done / std::chrono::duration<double>(Clock::now() - begin).count();
}

// Of the numbers tried, what is best for so many rows. The best of a number's rounds counts: what else runs only takes from it.
int Cpu::choose(int64_t rows, const std::vector<int>& tried, const std::vector<Tensor>& matrices, float* x, float* y) {
  std::vector<ThreadRate> rates;
  for (const int n : tried) rates.push_back({n, 0});
  size_t next = 0;
  for (int round = 0; round <= rounds; round++)
    for (ThreadRate& r : rates) {
      few_ = many_ = r.threads;
      const double now = rate(rows, matrices, next, x, y);
      if (round > 0) r.rate = std::max(r.rate, now);  // the first one wakes threads and brings pages
    }
  return fewest_of_best(rates);
}

void Cpu::choose_threads() {
  if (!measures_) return;
  std::vector<Tensor> some;  // of each matrix in turn a part, until it is enough
  int64_t bytes = 0, cols = 0;
  bool more = true;
  for (int64_t first = 0; more && bytes < read_bytes * std::max(1, usable_cores() / 8); first += slice_rows) {
    more = false;
    for (const Tensor& m : matrices_) {
      if (first >= m.rows) continue;
      some.push_back(m.slice(first, std::min(slice_rows, m.rows - first)));
      bytes += bytes_of(some.back());
      cols = std::max(cols, m.cols);
      more = true;
    }
  }
  matrices_ = {};
  if (some.empty()) return;
  std::vector<float> x(static_cast<size_t>(prefill_rows * cols)), y(static_cast<size_t>(prefill_rows * slice_rows));
  for (size_t i = 0; i < x.size(); i++) x[i] = static_cast<float>(i % 17) / 8 - 1;
  std::vector<int> tried = threads_to_try(usable_cores(), fast_cores(), threads_.count());
  const int few = choose(1, tried, some, x.data(), y.data());
  std::erase_if(tried, [](int n) { return n < usable_cores() / 2; });  // arithmetic takes what it can get
  const int many = choose(prefill_rows, tried, some, x.data(), y.data());
  few_ = few, many_ = many;
}

}  // namespace lt::cpu
