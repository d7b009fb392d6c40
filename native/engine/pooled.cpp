#include "engine/pooled.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace lt::engine {

Pooled::Pooled(Pooling pooling, const Readout* readout)
    : by_(pooling == Pooling::rank ? readout->ranks_by() : pooling), ranks_(pooling == Pooling::rank), readout_(readout) {}

void Pooled::take(std::span<const float> row) {
  if (rows_++ == 0 || by_ == Pooling::last) return row_.assign(row.begin(), row.end());
  if (by_ != Pooling::mean) return;
  for (size_t c = 0; c < row.size(); c++) row_[c] += static_cast<double>(row[c]);
}

std::vector<float> Pooled::result() const {
  std::vector<float> row;
  const double count = by_ == Pooling::mean ? static_cast<double>(rows_) : 1;
  for (const double x : row_) row.push_back(static_cast<float>(x / count));
  if (readout_) row = ranks_ ? readout_->scores(row) : readout_->vector(row);
  if (!std::all_of(row.begin(), row.end(), [](float x) { return std::isfinite(x); }))
    throw Error(Code::format, Literal{"the text's rows are not numbers: the model's file is damaged, or the backend computes it wrongly"});
  return row;
}

}  // namespace lt::engine
