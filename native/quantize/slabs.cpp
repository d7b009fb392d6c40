#include "quantize/slabs.h"

#include <algorithm>
#include <system_error>

#include "core/parallel.h"
#include "quant/type.h"

namespace lt::quantize {
namespace {

constexpr int64_t slab_weights = int64_t{1} << 23;  // 16 MiB of F16
constexpr int64_t task_weights = int64_t{1} << 16;
constexpr int64_t few_rows = 256;

}  // namespace

Loss Slabs::encode(const gguf::File& file, const RowEncoder& weights, Type to, const Write& write, const Tell& tell) {
  const gguf::HostTensor& t = weights.tensor();
  const int64_t cols = t.cols(), from_bytes = quant::row_bytes(t.type, cols), to_bytes = quant::row_bytes(to, cols);
  const int64_t measured = t.rows() <= few_rows ? 1 : 8;
  const int64_t step = std::max<int64_t>(1, task_weights / cols), slab = std::max<int64_t>(1, slab_weights / cols / step) * step;
  Loss all;
  for (int64_t first = 0; first < t.rows(); first += slab) {
    const int64_t rows = std::min(slab, t.rows() - first), tasks = (rows + step - 1) / step;
    filling_.resize(static_cast<size_t>(rows * to_bytes));
    std::vector<Loss> losses(static_cast<size_t>(tasks));
    parallel(threads_, tasks, [&](int64_t task) {
      const int64_t from = task * step, count = std::min(step, rows - from);
      losses[static_cast<size_t>(task)] = weights.encode(to, first + from, count, measured, filling_.data() + from * to_bytes);
    });
    for (const Loss& l : losses) all += l;  // in order: the sum does not depend on the threads
    if (t.data) file.let_go({static_cast<const char*>(t.data) + first * from_bytes, static_cast<size_t>(rows * from_bytes)});
    hand_over(filling_, write);
    tell(rows * cols);
  }
  return all;
}

void Slabs::copy(const gguf::File& file, const gguf::HostTensor& t, const Write& write, const Tell& tell) {
  constexpr size_t slab = size_t{16} << 20;
  const char* data = static_cast<const char*>(t.data);
  for (size_t at = 0; at < t.bytes; at += slab) {
    const size_t some = std::min(slab, t.bytes - at);
    filling_.resize(some);
    file.read(t, at, filling_);
    if (data) file.let_go({data + at, some});
    hand_over(filling_, write);
    tell(static_cast<int64_t>(static_cast<double>(t.rows() * t.cols()) * static_cast<double>(some) / static_cast<double>(t.bytes)));
  }
}

void Slabs::hand_over(std::vector<uint8_t>& slab, const Write& write) {
  wait();
  std::swap(slab, writing_);
  try {
    written_ = std::async(std::launch::async, [this, write] { write(writing_); });
  } catch (const std::system_error&) {  // no thread to be had: this one, then
    write(writing_);
  }
}

void Slabs::wait() {
  if (written_.valid()) written_.get();
}

void Slabs::wait_quietly() noexcept {
  if (written_.valid()) written_.wait();
}

}  // namespace lt::quantize
