// The values of a tensor, made from those of the folder.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "convert/plan.h"
#include "core/error.h"
#include "encode/encode.h"
#include "quant/type.h"

namespace lt::convert {
namespace {

using safetensors::Dtype;
using safetensors::Tensor;

// E4M3 of "FP8 Formats for Deep Learning" (Micikevicius et al. 2022): bias 7, no infinities, NaN where all bits but the sign are set.
float from_e4m3(uint8_t b) {
  const int exponent = b >> 3 & 15, mantissa = b & 7;
  if (exponent == 15 && mantissa == 7) return std::numeric_limits<float>::quiet_NaN();
  const float size =
      exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -9) : std::ldexp(static_cast<float>(8 + mantissa), exponent - 10);
  return b & 0x80 ? -size : size;
}

// E5M2: the upper half of an F16.
float from_e5m2(uint8_t b) {
  const auto half = static_cast<uint16_t>(b << 8);
  float x = 0;
  quant::info(Type::f16).dequantize(&x, &half, 1);
  return x;
}

const std::array<float, 256>& table_of(Dtype d) {
  const auto made = [](float (*from)(uint8_t)) {
    std::array<float, 256> t{};
    for (size_t i = 0; i < t.size(); i++) t[i] = from(static_cast<uint8_t>(i));
    return t;
  };
  static const std::array<float, 256> e4m3 = made(from_e4m3), e5m2 = made(from_e5m2);
  return d == Dtype::f8_e4m3 ? e4m3 : e5m2;
}

template <class T>
T at(const uint8_t* from, int64_t i) {
  T x;
  std::memcpy(&x, from + i * static_cast<int64_t>(sizeof x), sizeof x);
  return x;
}

// F16 and BF16, aligned or not: in pieces through memory that is.
void decode_halves(Type type, const uint8_t* from, int64_t count, float* to) {
  const auto dequantize = quant::info(type).dequantize;
  uint16_t aligned[256];
  for (int64_t done = 0; done < count; done += 256) {
    const int64_t some = std::min<int64_t>(256, count - done);
    std::memcpy(aligned, from + done * 2, static_cast<size_t>(some) * 2);
    dequantize(to + done, aligned, some);
  }
}

// Numbers of a tensor's type.
void decode(Dtype dtype, const uint8_t* from, int64_t count, float* to) {
  if (dtype == Dtype::f64) {
    for (int64_t i = 0; i < count; i++) to[i] = static_cast<float>(at<double>(from, i));
  } else if (dtype == Dtype::f32) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof *to);
  } else if (dtype == Dtype::f16 || dtype == Dtype::bf16) {
    decode_halves(dtype == Dtype::f16 ? Type::f16 : Type::bf16, from, count, to);
  } else {
    const std::array<float, 256>& table = table_of(dtype);
    for (int64_t i = 0; i < count; i++) to[i] = table[from[i]];
  }
}

// A block's values 2j and 2j + 1 lie in the low and the high half of byte j, GGUF's j and j + 16.
void pack_mxfp4(const StoredMatrix& piece, int64_t row, uint8_t* to) {
  const int64_t blocks = piece.cols / 32;
  const uint8_t* from = piece.from->bytes.data() + row * blocks * 16;
  const uint8_t* exponents = piece.scale->bytes.data() + row * blocks;
  for (int64_t b = 0; b < blocks; b++, from += 16, to += 17) {
    to[0] = exponents[b];
    for (int j = 0; j < 16; j++) {
      const int shift = j % 2 * 4;
      to[1 + j] = static_cast<uint8_t>((from[j / 2] >> shift & 15) | (from[8 + j / 2] >> shift & 15) << 4);
    }
  }
}

// One row as it lies in the folder.
class Row {
 public:
  Row(const StoredMatrix& piece, int64_t row) : piece_(piece), row_(row) {}

  void to_type(uint8_t* to) const {
    if (piece_.is_packed()) return pack_mxfp4(piece_, row_, to);
    const int64_t bytes = piece_.cols * safetensors::bytes_of(piece_.from->dtype);
    std::memcpy(to, piece_.from->bytes.data() + row_ * bytes, static_cast<size_t>(bytes));
  }

  void to_floats(float* x) const {
    if (piece_.is_packed()) return unpack_mxfp4(x);
    if (piece_.ternary) return unpack_ternary(x);
    const Tensor& t = *piece_.from;
    decode(t.dtype, t.bytes.data() + row_ * piece_.cols * safetensors::bytes_of(t.dtype), piece_.cols, x);
    if (piece_.scale) scale(x);
  }

 private:
  void unpack_ternary(float* x) const {
    const int64_t quarter = piece_.rows / 4;
    const uint8_t* from = piece_.from->bytes.data() + row_ % quarter * piece_.cols;
    for (int64_t c = 0; c < piece_.cols; c++) x[c] = static_cast<float>(from[c] >> 2 * (row_ / quarter) & 3) - 1;
    scale(x);
  }

  void unpack_mxfp4(float* x) const {
    std::vector<uint8_t> blocks(static_cast<size_t>(quant::row_bytes(*piece_.type, piece_.cols)));
    pack_mxfp4(piece_, row_, blocks.data());
    quant::info(*piece_.type).dequantize(x, blocks.data(), piece_.cols);
  }

  void scale(float* x) const {
    const int64_t across = (piece_.cols + piece_.block_cols - 1) / piece_.block_cols;
    const Tensor& t = *piece_.scale;
    std::vector<float> scales(static_cast<size_t>(across));
    decode(t.dtype, t.bytes.data() + row_ / piece_.block_rows * across * safetensors::bytes_of(t.dtype), across, scales.data());
    for (int64_t b = 0; b < across; b++) {
      const float scale = scales[static_cast<size_t>(b)];
      for (int64_t c = b * piece_.block_cols, end = std::min(piece_.cols, c + piece_.block_cols); c < end; c++) x[c] *= scale;
    }
  }

  const StoredMatrix& piece_;
  int64_t row_;
};

int64_t taken(const std::vector<int64_t>& from, int64_t i) { return from.empty() ? i : from[static_cast<size_t>(i)]; }

// One value, where those of a row lie in a column of the folder's. Of MXFP4 nothing lies so.
float value(const StoredMatrix& piece, int64_t row, int64_t col) {
  const auto number = [](const Tensor& t, int64_t i) {
    float x = 0;
    decode(t.dtype, t.bytes.data() + i * safetensors::bytes_of(t.dtype), 1, &x);
    return x;
  };
  const float x = number(*piece.from, row * piece.cols + col);
  if (!piece.scale) return x;
  const int64_t across = (piece.cols + piece.block_cols - 1) / piece.block_cols;
  return x * number(*piece.scale, row / piece.block_rows * across + col / piece.block_cols);
}

// Row `row` of what a piece becomes, before its values change.
void take_row(const Made& made, const StoredMatrix& piece, int64_t row, std::vector<float>& x) {
  if (made.turned) {
    const int64_t across = made.dims[1], first = row / across * made.cols(), col = taken(made.columns_from, row % across);
    for (size_t c = 0; c < x.size(); c++) x[c] = value(piece, taken(made.rows_from, first + static_cast<int64_t>(c)), col);
    return;
  }
  const Row source(piece, taken(made.rows_from, row));
  if (made.columns_from.empty()) return source.to_floats(x.data());
  std::vector<float> all(static_cast<size_t>(piece.cols));
  source.to_floats(all.data());
  for (size_t c = 0; c < x.size(); c++) x[c] = all[static_cast<size_t>(made.columns_from[c])];
}

void change_row(Change change, float unit, std::vector<float>& x) {
  if (change == Change::ternary)
    // As it was in training; a zero without a sign.
    for (float& v : x) v = std::clamp(std::nearbyint(v * (1 / unit)), -1.0f, 1.0f) / (1 / unit) + 0.0f;
  if (change == Change::plus_one)
    for (float& v : x) v += 1;
  if (change == Change::plus_fifth || change == Change::plus_fifth_power)
    for (float& v : x) v += change == Change::plus_fifth ? 0.2f : 0.0894427191f;
  if (change == Change::decay)
    for (float& v : x) v = static_cast<float>(-std::exp(static_cast<double>(v)));
}

void multiply_row(const std::vector<Factor>& factors, int64_t row, std::vector<float>& x) {
  auto at = factors.begin();
  while (at != factors.end() && row >= at->rows) row -= (at++)->rows;
  if (at == factors.end()) return;
  for (float& v : x) v = v * at->first * at->second;
}

// `to` may lie anywhere: blocks are made in `aligned` and copied.
void encode_row(Type type, const std::vector<float>& x, std::vector<uint64_t>& aligned, uint8_t* to) {
  if (type == Type::f32) return void(std::memcpy(to, x.data(), x.size() * sizeof x[0]));
  const auto cols = static_cast<int64_t>(x.size()), bytes = quant::row_bytes(type, cols);
  aligned.resize(static_cast<size_t>(bytes + 7) / 8);
  encode::encode(type, {.x = x.data(), .rows = 1, .cols = cols, .importance = nullptr}, aligned.data());
  std::memcpy(to, aligned.data(), static_cast<size_t>(bytes));
}

}  // namespace

int64_t Made::rows() const {
  return std::accumulate(dims.begin() + 1, dims.end(), int64_t{1}, [](int64_t a, int64_t b) { return a * b; });
}

uint64_t Made::bytes() const { return static_cast<uint64_t>(rows() * quant::row_bytes(type, cols())); }

float Made::mean_size() const {
  double sum = 0;
  const int64_t each = rows() / std::ssize(pieces);
  std::vector<float> x(static_cast<size_t>(cols()));
  for (int64_t row = 0; row < rows(); row++) {
    take_row(*this, pieces[static_cast<size_t>(row / each)], row % each, x);
    for (const float v : x) sum += std::fabs(static_cast<double>(v));
  }
  return static_cast<float>(sum / static_cast<double>(rows() * cols()));
}

bool Made::takes_rows() const {
  return columns_from.empty() && !turned && factors.empty() && (change == Change::none || change == Change::exact);
}

const uint8_t* Made::as_stored() const {
  if (pieces.size() != 1 || !takes_rows() || !rows_from.empty()) return nullptr;
  const StoredMatrix& piece = pieces[0];
  const Tensor& t = *piece.from;
  const auto address = reinterpret_cast<uintptr_t>(t.bytes.data());
  const bool aligned = address % static_cast<uintptr_t>(safetensors::bytes_of(t.dtype)) == 0;
  return piece.type == type && !piece.is_packed() && aligned ? t.bytes.data() : nullptr;
}

void Made::make(int64_t first, int64_t count, uint8_t* to) const {
  const int64_t row_bytes = quant::row_bytes(type, cols());
  if (pieces.empty()) {
    std::memcpy(to, reinterpret_cast<const uint8_t*>(values.data()) + first * row_bytes, static_cast<size_t>(count * row_bytes));
    return;
  }
  const int64_t each = rows() / static_cast<int64_t>(pieces.size());
  std::vector<float> x(static_cast<size_t>(cols()));
  std::vector<uint64_t> aligned;
  for (int64_t row = first; row < first + count; row++, to += row_bytes) {
    const StoredMatrix& piece = pieces[static_cast<size_t>(row / each)];
    if (!turned && taken(rows_from, row % each) < 0) {  // zeros are bytes of zeros in every type
      std::memset(to, 0, static_cast<size_t>(row_bytes));
      continue;
    }
    if (takes_rows() && piece.type == type) {
      Row(piece, taken(rows_from, row % each)).to_type(to);
      continue;
    }
    take_row(*this, piece, row % each, x);
    if (!piece.ternary) change_row(change, unit, x);  // which are what they are to be
    multiply_row(factors, row, x);
    encode_row(type, x, aligned, to);
  }
}

}  // namespace lt::convert
