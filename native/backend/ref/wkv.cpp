#include <cmath>

#include "backend/ref/ref.h"

namespace lt::ref {

void RefOps::wkv(Tensor y, Tensor r, Tensor k, Tensor v, Tensor decay, State state, const Wkv& w, const Rows& rows) {
  const int64_t size = k.cols / w.heads, e = v.cols / w.heads;
  for (const Span& s : rows.spans) {
    std::vector<float> all = read_state(state, *rows.reads.row<int32_t>(s.sequence));
    for (int64_t n = s.first; n < s.first + s.count; n++) {
      for (int64_t h = 0; h < w.heads; h++) {
        const float *rs = r.row<float>(n) + h * size, *ks = k.row<float>(n) + h * size, *decays = decay.row<float>(n) + h * size;
        for (int64_t c = 0; c < e; c++) {
          float* const column = &all[static_cast<size_t>(h * size * e + c)];  // of the head's state, a row of e columns a key column
          const double value = v.row<float>(n)[h * e + c];
          double held = 0, read = 0;
          for (int64_t i = 0; w.removes && i < size; i++)
            held += static_cast<double>(w.removes.row<float>(n)[h * size + i]) * column[i * e];
          for (int64_t i = 0; i < size; i++) {
            const double x = decays[i], before = column[i * e], taken = ks[i] * value;
            double after = std::exp(w.nested ? -std::exp(x) : x) * before + taken;
            if (w.replaces) after += static_cast<double>(w.replaces.row<float>(n)[h * size + i]) * held;
            column[i * e] = static_cast<float>(after);
            const double seen = w.bonus ? before + static_cast<double>(w.bonus.row<float>(0)[h * size + i]) * taken : column[i * e];
            read += static_cast<double>(rs[i]) * seen;
          }
          y.row<float>(n)[h * e + c] = static_cast<float>(read);
        }
      }
      write_state(state, *rows.writes.row<int32_t>(n), all);
    }
  }
}

}  // namespace lt::ref
