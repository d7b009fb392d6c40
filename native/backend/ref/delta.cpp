#include <cmath>

#include "backend/ref/ref.h"

namespace lt::ref {

void RefOps::delta(Tensor y, Tensor q, Tensor k, Tensor v, Tensor decay, Tensor beta, State state, const Delta& d, const Rows& rows) {
  const int64_t heads = d.value_heads, size = k.cols / d.key_heads, e = v.cols / heads;
  const int64_t decays = decay.cols / heads;  // of a head: one, or one a row of its state
  std::vector<double> kept(static_cast<size_t>(size));
  for (const Span& s : rows.spans) {
    std::vector<float> all = read_state(state, *rows.reads.row<int32_t>(s.sequence));
    for (int64_t r = s.first; r < s.first + s.count; r++) {
      for (int64_t h = 0; h < heads; h++) {
        const int64_t key = d.tiled ? h % d.key_heads : h * d.key_heads / heads;
        const float *qs = q.row<float>(r) + key * size, *ks = k.row<float>(r) + key * size;
        const double rate = beta.row<float>(r)[h];
        for (int64_t c = 0; c < e; c++) {
          float* const column = &all[static_cast<size_t>(h * size * e + c)];  // of the head's state, a row of e columns a key column
          double held = 0, read = 0;
          for (int64_t i = 0; i < size; i++) {
            kept[static_cast<size_t>(i)] =
                std::exp(static_cast<double>(decay.row<float>(r)[h * decays + (decays > 1 ? i : 0)])) * column[i * e];
            held += ks[i] * kept[static_cast<size_t>(i)];
          }
          const double change = rate * (v.row<float>(r)[h * e + c] - held);
          for (int64_t i = 0; i < size; i++) {
            column[i * e] = static_cast<float>(kept[static_cast<size_t>(i)] + ks[i] * change);
            read += static_cast<double>(qs[i]) * column[i * e];
          }
          y.row<float>(r)[h * e + c] = static_cast<float>(read);
        }
      }
      write_state(state, *rows.writes.row<int32_t>(r), all);
    }
  }
}

}  // namespace lt::ref
