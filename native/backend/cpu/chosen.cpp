// The rows of a product of many matrices, sorted by matrix.
#include <algorithm>
#include <utility>

#include "backend/cpu/cpu.h"

namespace lt::cpu {

void Chosen::reserve(int64_t rows, int64_t matrices) {
  order.reserve(static_cast<size_t>(rows));
  firsts.reserve(static_cast<size_t>(matrices + 2));
  groups.reserve(static_cast<size_t>(matrices));
}

int64_t prepared_row_bytes(const Prepare& p, int64_t cols) {
  constexpr int64_t many = 64;
  const auto alone = static_cast<int64_t>(p.bytes(1, cols)), together = (static_cast<int64_t>(p.bytes(many, cols)) + many - 1) / many;
  return (std::max(alone, together) + 63) / 64 * 64;
}

// A counting sort. What is not the number of a matrix counts as that of one behind the last.
void Cpu::sort(int64_t rows, const Choice& choice, int64_t matrices) {
  const int64_t used = choice.ids ? choice.ids.cols : 1;
  const auto matrix_of = [&](int64_t i) {
    const int64_t m = choice.ids ? choice.ids.row<const int32_t>(i / used)[i % used] - choice.first : i % choice.count;
    return static_cast<size_t>(m >= 0 && m < matrices ? m : matrices);
  };
  std::vector<int32_t>& firsts = chosen_.firsts;
  firsts.assign(static_cast<size_t>(matrices + 2), 0);
  for (int64_t i = 0; i < rows * used; i++) firsts[matrix_of(i) + 1]++;
  chosen_.groups.clear();
  for (size_t m = 0; m <= static_cast<size_t>(matrices); m++) {
    if (firsts[m + 1] > 0 && std::cmp_less(m, matrices)) chosen_.groups.push_back({static_cast<int64_t>(m), firsts[m], firsts[m + 1]});
    firsts[m + 1] += firsts[m];
  }
  chosen_.chosen = firsts[static_cast<size_t>(matrices)];
  chosen_.order.resize(static_cast<size_t>(rows * used));
  for (int64_t i = 0; i < rows * used; i++) chosen_.order[static_cast<size_t>(firsts[matrix_of(i)]++)] = static_cast<int32_t>(i);
}

void Cpu::clear_unchosen(Tensor y) {
  for (size_t i = static_cast<size_t>(chosen_.chosen); i < chosen_.order.size(); i++)
    std::fill_n(y.row<float>(chosen_.order[i]), y.cols, 0.0f);
}

}  // namespace lt::cpu
