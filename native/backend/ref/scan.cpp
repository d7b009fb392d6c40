#include <cmath>

#include "backend/ref/ref.h"

namespace lt::ref {

void RefOps::scan(Tensor y, Tensor x, Tensor dt, Tensor b, Tensor c, State state, const Scan& scan, const Rows& rows) {
  const int64_t heads = scan.heads, p = x.cols / heads, size = b.cols / scan.groups;
  for (const Span& s : rows.spans) {
    std::vector<float> h = read_state(state, *rows.reads.row<int32_t>(s.sequence));
    for (int64_t r = s.first; r < s.first + s.count; r++) {
      for (int64_t head = 0; head < heads; head++) {
        const int64_t group = head * scan.groups / heads;
        const float* a = scan.a.row<float>(head);
        const float *in = b.row<float>(r) + group * size, *out = c.row<float>(r) + group * size;
        const double step = dt.row<float>(r)[head];
        for (int64_t i = 0; i < p; i++) {
          const double xi = x.row<float>(r)[head * p + i];
          double sum = 0;
          for (int64_t j = 0; j < size; j++) {
            float& v = h[static_cast<size_t>((head * p + i) * size + j)];
            v = static_cast<float>(std::exp(step * a[scan.a.cols > 1 ? j : 0]) * v + step * xi * in[j]);
            sum += static_cast<double>(v) * out[j];
          }
          y.row<float>(r)[head * p + i] = static_cast<float>(sum + scan.d.row<float>(0)[head] * xi);
        }
      }
      write_state(state, *rows.writes.row<int32_t>(r), h);
    }
  }
}

}  // namespace lt::ref
