#include <algorithm>
#include <cmath>

#include "backend/ref/ref.h"

namespace lt::ref {
namespace {

struct Head {
  const Tensor& k;
  const Tensor& v;
  const int32_t* pages;
  int64_t heads, head;  // of the cache
  int64_t slot(int64_t position) const {
    return (pages[position / Kv::page_size] * heads + head) * Kv::page_size + position % Kv::page_size;
  }
};

// softmax(q . k * scale) v over positions [first, last].
void attend_one(float* y, const float* q, const Head& head, int64_t first, int64_t last, float scale) {
  std::vector<float> row;
  std::vector<double> scores;
  for (int64_t p = first; p <= last; p++) {
    decode_row(row, head.k, head.slot(p));
    double s = 0;
    for (size_t c = 0; c < row.size(); c++) s += static_cast<double>(q[c]) * row[c];
    scores.push_back(s * scale);
  }
  const double most = *std::max_element(scores.begin(), scores.end());
  double total = 0;
  for (double& s : scores) total += s = std::exp(s - most);
  std::vector<double> out(static_cast<size_t>(head.v.cols), 0.0);
  for (int64_t p = first; p <= last; p++) {
    decode_row(row, head.v, head.slot(p));
    for (size_t c = 0; c < row.size(); c++) out[c] += scores[static_cast<size_t>(p - first)] * row[c];
  }
  for (size_t c = 0; c < out.size(); c++) y[c] = static_cast<float>(out[c] / total);
}

}  // namespace

void RefOps::attend(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& attend) {
  for (int64_t r = 0; r < q.rows; r++) {
    const int64_t last = *rows.positions.row<int32_t>(r);
    const int64_t first = attend.window ? std::max<int64_t>(0, last - attend.window + 1) : 0;
    const int32_t* pages = rows.pages.row<int32_t>(*rows.sequences.row<int32_t>(r));
    for (int64_t h = 0; h < attend.heads; h++) {
      const Head head{kv.k, kv.v, pages, kv.heads, h * kv.heads / attend.heads};
      attend_one(y.row<float>(r) + h * kv.v.cols, q.row<float>(r) + h * kv.k.cols, head, first, last, attend.scale);
    }
  }
}

}  // namespace lt::ref
