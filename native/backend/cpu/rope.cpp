#include <algorithm>
#include <cmath>
#include <cstring>

#include "backend/cpu/cpu.h"

namespace lt::cpu {
namespace {

template <class T>
bool equal(const std::vector<T>& kept, const Tensor& t) {
  return std::ssize(kept) == t.cols && std::equal(kept.begin(), kept.end(), static_cast<const T*>(t.data));
}

// `used` columns of turns count.
bool holds(const Turns& t, Tensor turns, const Rope& rope, int64_t used) {
  if (std::ssize(t.turns) != turns.rows * used || t.magnitude != rope.magnitude) return false;
  for (int64_t r = 0; r < turns.rows; r++)
    if (std::memcmp(t.turns.data() + r * used, turns.row<const int32_t>(r), static_cast<size_t>(used) * 4) != 0) return false;
  return equal(t.freqs, rope.freqs) && equal(t.axes, rope.axes);
}

}  // namespace

// The table is known again by its contents, so it cannot be stale.
const float* Cpu::turns(Tensor turns, const Rope& rope) {
  const int64_t n = turns.rows, pairs = rope.freqs.cols, used = rope.axes ? turns.cols : 1;
  for (const Turns& t : turns_)
    if (holds(t, turns, rope, used)) return t.table.data();
  Turns& t = turns_[turns_next_];
  turns_next_ = (turns_next_ + 1) % static_cast<int>(std::size(turns_));
  t.freqs.clear();  // not to be known again before it is whole: memory may be lacking on the way
  t.table.resize(static_cast<size_t>(n * 2 * pairs));
  t.turns.resize(static_cast<size_t>(n * used));
  for (int64_t r = 0; r < n; r++) std::copy_n(turns.row<const int32_t>(r), used, t.turns.begin() + r * used);
  const auto* freqs = static_cast<const float*>(rope.freqs.data);
  const auto* axes = static_cast<const int32_t*>(rope.axes.data);
  t.magnitude = rope.magnitude;
  t.axes.assign(axes, axes + rope.axes.cols);
  each_row(n, pairs * 64, [&](int64_t r) {
    float* turn = t.table.data() + r * 2 * pairs;
    for (int64_t i = 0; i < pairs; i++) {
      const double angle =
          static_cast<double>(t.turns[static_cast<size_t>(r * used + (axes ? axes[i] : 0))]) * static_cast<double>(freqs[i]);
      turn[i] = static_cast<float>(std::cos(angle) * static_cast<double>(rope.magnitude));
      turn[pairs + i] = static_cast<float>(std::sin(angle) * static_cast<double>(rope.magnitude));
    }
  });
  t.freqs.assign(freqs, freqs + pairs);
  return t.table.data();
}

void Cpu::rope(Tensor x, Tensor turns, const Rope& rope) {
  const float* table = this->turns(turns, rope);
  const int64_t pairs = rope.freqs.cols;
  each_row(x.rows, x.cols, [&](int64_t r) {
    kernels_.rope(x.row<float>(r) + rope.start, table + r * 2 * pairs, pairs, x.cols / rope.heads, rope.heads, rope.neighbours);
  });
}

}  // namespace lt::cpu
