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
  int64_t slot(int64_t place) const { return (pages[place / Kv::page_size] * heads + head) * Kv::page_size + place % Kv::page_size; }
};

struct Seen {
  int64_t place, first, last;
};

Seen seen(int64_t place, int64_t sees, const Attend& a) {
  Seen s{place, 0, sees};
  if (a.window) s.first = std::max(s.first, place - a.window + 1);
  if (a.chunk) s.first = std::max(s.first, place / a.chunk * a.chunk);
  if (a.ahead >= 0) s.last = std::min(s.last, place + a.ahead);
  return s;
}

// Vaswani et al. 2017, for query head h.
void attend_one(float* y, const float* q, const Head& head, const Seen& s, int64_t h, const Attend& a) {
  std::vector<float> row;
  std::vector<double> scores;
  for (int64_t p = s.first; p <= s.last; p++) {
    decode_row(row, head.k, head.slot(p));
    double score = 0;
    for (size_t c = 0; c < row.size(); c++) score += static_cast<double>(q[c]) * row[c];
    score *= a.scale;
    if (a.cap > 0) score = a.cap * std::tanh(score / a.cap);
    if (a.slopes) score -= static_cast<double>(a.slopes.row<float>(0)[h]) * static_cast<double>(s.place - p);  // Press et al. 2021
    if (a.offsets) {
      const int64_t most = a.offsets.cols / 2;
      score += a.offsets.row<float>(h)[most + std::clamp(p - s.place, -most, most)];
    }
    scores.push_back(score);
  }
  double most = *std::max_element(scores.begin(), scores.end()), total = 0;
  if (a.sinks) {
    most = std::max<double>(most, a.sinks.row<float>(0)[h]);
    total = std::exp(a.sinks.row<float>(0)[h] - most);
  }
  for (double& score : scores) total += score = std::exp(score - most);
  std::vector<double> out(static_cast<size_t>(head.v.cols), 0.0);
  for (int64_t p = s.first; p <= s.last; p++) {
    decode_row(row, head.v, head.slot(p));
    for (size_t c = 0; c < row.size(); c++) out[c] += scores[static_cast<size_t>(p - s.first)] * row[c];
  }
  for (size_t c = 0; c < out.size(); c++) y[c] = static_cast<float>(out[c] / total);
}

}  // namespace

void RefOps::attend(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& attend) {
  for (int64_t r = 0; r < q.rows; r++) {
    const Seen s = seen(*rows.places.row<int32_t>(r), *rows.sees.row<int32_t>(r), attend);
    const int32_t* pages = rows.pages[kv.group].row<int32_t>(*rows.sequences.row<int32_t>(r));
    for (int64_t h = 0; h < attend.heads; h++) {
      const Head head{kv.k, kv.v, pages, kv.heads, h * kv.heads / attend.heads};
      attend_one(y.row<float>(r) + h * kv.v.cols, q.row<float>(r) + h * kv.k.cols, head, s, h, attend);
    }
  }
}

}  // namespace lt::ref
