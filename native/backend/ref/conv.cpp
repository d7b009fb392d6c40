#include <algorithm>

#include "backend/ref/ref.h"

namespace lt::ref {

void RefOps::conv(Tensor y, Tensor x, State state, const Conv& conv, const Rows& rows) {
  const int64_t cols = x.cols, width = conv.w.cols;
  for (const Span& s : rows.spans) {
    const int32_t from = *rows.reads.row<int32_t>(s.sequence);
    // The rows before, oldest first, then those of the step.
    std::vector<float> all(static_cast<size_t>((width - 1 + s.count) * cols), 0.0f);
    if (from >= 0) std::copy_n(state.slots.row<float>(from), (width - 1) * cols, all.begin());
    for (int64_t r = 0; r < s.count; r++) std::copy_n(x.row<float>(s.first + r), cols, all.begin() + (width - 1 + r) * cols);
    for (int64_t r = 0; r < s.count; r++) {
      for (int64_t c = 0; c < cols; c++) {
        double sum = conv.b ? conv.b.row<float>(0)[c] : 0.0f;
        for (int64_t i = 0; i < width; i++)
          sum += static_cast<double>(all[static_cast<size_t>((r + i) * cols + c)]) * conv.w.row<float>(c)[i];
        y.row<float>(s.first + r)[c] = static_cast<float>(sum);
      }
      const int32_t to = *rows.writes.row<int32_t>(s.first + r);
      if (to >= 0) std::copy_n(all.begin() + (r + 1) * cols, (width - 1) * cols, state.slots.row<float>(to));
    }
  }
}

}  // namespace lt::ref
