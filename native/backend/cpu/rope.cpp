#include <cmath>
#include <cstring>

#include "backend/cpu/cpu.h"

namespace lt::cpu {
namespace {

bool holds(const Turns& t, Tensor positions, const Rope& rope) {
  const size_t n = static_cast<size_t>(positions.rows), pairs = static_cast<size_t>(rope.freqs.cols);
  if (t.positions.size() != n || t.freqs.size() != pairs || t.magnitude != rope.magnitude) return false;
  for (size_t r = 0; r < n; r++)
    if (t.positions[r] != *positions.row<const int32_t>(static_cast<int64_t>(r))) return false;
  return std::memcmp(t.freqs.data(), rope.freqs.data, pairs * 4) == 0;
}

}  // namespace

// The table is known again by its contents, so it cannot be stale.
const float* Cpu::turns(Tensor positions, const Rope& rope) {
  for (const Turns& t : turns_)
    if (holds(t, positions, rope)) return t.table.data();
  Turns& t = turns_[turns_next_];
  turns_next_ = 1 - turns_next_;
  const int64_t n = positions.rows, pairs = rope.freqs.cols;
  t.freqs.clear();  // not to be known again before it is whole: memory may be lacking on the way
  t.table.resize(static_cast<size_t>(n * 2 * pairs));
  t.positions.resize(static_cast<size_t>(n));
  for (int64_t r = 0; r < n; r++) t.positions[static_cast<size_t>(r)] = *positions.row<const int32_t>(r);
  const float* freqs = static_cast<const float*>(rope.freqs.data);
  t.magnitude = rope.magnitude;
  each_row(n, pairs * 64, [&](int64_t r) {
    float* turn = t.table.data() + r * 2 * pairs;
    for (int64_t i = 0; i < pairs; i++) {
      const double angle = static_cast<double>(t.positions[static_cast<size_t>(r)]) * static_cast<double>(freqs[i]);
      turn[i] = static_cast<float>(std::cos(angle) * static_cast<double>(rope.magnitude));
      turn[pairs + i] = static_cast<float>(std::sin(angle) * static_cast<double>(rope.magnitude));
    }
  });
  t.freqs.assign(freqs, freqs + pairs);
  return t.table.data();
}

void Cpu::rope(Tensor x, Tensor positions, const Rope& rope) {
  const float* table = turns(positions, rope);
  const int64_t pairs = rope.freqs.cols;
  each_row(x.rows, x.cols, [&](int64_t r) {
    kernels_.rope(x.row<float>(r), table + r * 2 * pairs, pairs, x.cols / rope.heads, rope.heads, rope.neighbours);
  });
}

}  // namespace lt::cpu
