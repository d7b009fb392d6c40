#include "quantize/row_encoder.h"

#include <algorithm>

#include "quant/type.h"

namespace lt::quantize {
namespace {

constexpr int64_t floats_at_once = 1 << 14;  // what a thread holds of them: 64 KiB

// Chosen by what whole models lose, as the divergence of their outputs. Types whose levels lie closer around 0 do best by the plain
// error, others by a mild weight of size; without an importance matrix the square keeps the largest weights of a block, on which outputs
// depend most, in types of a scale and a minimum or few levels.
encode::Weigh weigh_for(Type type, bool guided) {
  constexpr Type q4_1{3}, q3_k{11}, q4_k{12}, iq4_nl{20}, iq4_xs{23};
  if (type == iq4_nl || type == iq4_xs) return encode::Weigh::evenly;
  return !guided && (type == q4_1 || type == q3_k || type == q4_k) ? encode::Weigh::by_square : encode::Weigh::by_size;
}

// With about 3 bits or fewer the least error shrinks values so much that a model's outputs suffer more from that than from the error.
bool unbiased(Type type) {
  const uint8_t id = static_cast<uint8_t>(type);
  return id == 10 || (id >= 16 && id <= 19) || id == 22 || id == 29;  // Q2_K, IQ1, IQ2, IQ3_XXS
}

encode::Rows rows_of(Type type, const float* x, int64_t rows, int64_t cols, const float* importance) {
  if (!quant::info(type).block) return {x, rows, cols, nullptr};
  return {.x = x,
          .rows = rows,
          .cols = cols,
          .importance = importance,
          .weigh = weigh_for(type, importance != nullptr),
          .unbiased = unbiased(type)};
}

Loss lost(const float* x, const float* y, const float* importance, int64_t cols) {
  Loss loss;
  for (int64_t i = 0; i < cols; i++) {
    const double weight = importance ? importance[i] : 1.0;
    const double error = static_cast<double>(y[i]) - static_cast<double>(x[i]), size = x[i];
    loss.plain_error += error * error;
    loss.error += weight * error * error;
    loss.size += weight * size * size;
  }
  loss.weights = cols;
  return loss;
}

}  // namespace

Loss& Loss::operator+=(const Loss& other) {
  error += other.error;
  size += other.size;
  plain_error += other.plain_error;
  weights += other.weights;
  return *this;
}

RowEncoder::RowEncoder(const gguf::File& file, const gguf::HostTensor& tensor, const std::string& name, const Importance* importance)
    : file_(file), tensor_(tensor) {
  if (!importance) return;
  for (int64_t e = 0; e < tensor.dims[2] * tensor.dims[3]; e++) {
    means_.push_back(importance->means(name, e, tensor.cols()));
    guided_ = guided_ || !means_.back().empty();
  }
}

const float* RowEncoder::importance_of(int64_t row) const {
  if (means_.empty()) return nullptr;
  const std::vector<float>& means = means_[static_cast<size_t>(row / tensor_.dims[1])];
  return means.empty() ? nullptr : means.data();
}

const void* RowEncoder::rows_at(int64_t first, int64_t count, std::vector<uint8_t>& read) const {
  const int64_t row_bytes = quant::row_bytes(tensor_.type, tensor_.cols());
  read.resize(static_cast<size_t>(count * row_bytes));
  file_.read(tensor_, static_cast<uint64_t>(first * row_bytes), read);
  return read.data();
}

Loss RowEncoder::encode(Type type, int64_t first, int64_t count, int64_t measured, uint8_t* to) const {
  const quant::TypeInfo &from = quant::info(tensor_.type), &into = quant::info(type);
  const int64_t cols = tensor_.cols(), to_bytes = quant::row_bytes(type, cols);
  const int64_t together = std::max<int64_t>(1, floats_at_once / cols);
  std::vector<float> x(static_cast<size_t>(std::min(together, count) * cols)), y(static_cast<size_t>(cols));
  std::vector<uint8_t> read;
  Loss loss;
  for (int64_t r = first; r < first + count;) {
    // Rows of one matrix: its experts have columns of their own importance.
    const int64_t some = std::min({together, first + count - r, tensor_.dims[1] - r % tensor_.dims[1]});
    from.dequantize(x.data(), rows_at(r, some, read), some * cols);
    const float* importance = importance_of(r);
    encode::encode(type, rows_of(type, x.data(), some, cols, importance), to);
    for (const int64_t end = r + some; r < end; r++, to += to_bytes) {
      if (r % measured != 0) continue;
      into.dequantize(y.data(), to, cols);
      loss += lost(x.data() + (some - (end - r)) * cols, y.data(), importance, cols);
    }
  }
  return loss;
}

}  // namespace lt::quantize
