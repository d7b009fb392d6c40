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

std::optional<Type> same_type(Dtype d) {
  if (d == Dtype::f32) return Type::f32;
  if (d == Dtype::f16) return Type::f16;
  return d == Dtype::bf16 ? std::optional(Type::bf16) : std::nullopt;
}

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

// count values from value `first` on.
void decode(const Tensor& t, int64_t first, int64_t count, float* to) {
  const uint8_t* from = t.bytes.data() + first * safetensors::bytes_of(t.dtype);
  if (t.dtype == Dtype::f64) {
    for (int64_t i = 0; i < count; i++) to[i] = static_cast<float>(at<double>(from, i));
  } else if (t.dtype == Dtype::f32) {
    std::memcpy(to, from, static_cast<size_t>(count) * sizeof *to);
  } else if (const auto type = same_type(t.dtype)) {
    std::vector<uint16_t> aligned(static_cast<size_t>(count));
    std::memcpy(aligned.data(), from, aligned.size() * 2);
    quant::info(*type).dequantize(to, aligned.data(), count);
  } else {
    const std::array<float, 256>& table = table_of(t.dtype);
    for (int64_t i = 0; i < count; i++) to[i] = table[from[i]];
  }
}

void scale_row(const StoredMatrix& piece, int64_t row, int64_t cols, float* x) {
  if (!piece.scale) return;
  const int64_t across = (cols + piece.block_cols - 1) / piece.block_cols;
  std::vector<float> scales(static_cast<size_t>(across));
  decode(*piece.scale, row / piece.block_rows * across, across, scales.data());
  for (int64_t b = 0; b < across; b++) {
    const float scale = scales[static_cast<size_t>(b)];
    for (int64_t c = b * piece.block_cols, end = std::min(cols, c + piece.block_cols); c < end; c++) x[c] *= scale;
  }
}

void encode_row(Type type, const float* x, int64_t cols, uint8_t* to) {
  if (type == Type::f32) return void(std::memcpy(to, x, static_cast<size_t>(cols) * sizeof *x));
  encode::encode(type, {.x = x, .rows = 1, .cols = cols, .importance = nullptr}, to);
}

}  // namespace

int64_t Made::cols() const { return pair && dims.size() == 1 ? 1 : dims[0]; }

int64_t Made::rows() const {
  return std::accumulate(dims.begin(), dims.end(), int64_t{1}, [](int64_t a, int64_t b) { return a * b; }) / cols();
}

uint64_t Made::bytes() const { return static_cast<uint64_t>(rows() * quant::row_bytes(type, cols())); }

const uint8_t* Made::as_stored() const {
  if (pieces.size() != 1 || pair) return nullptr;
  const Tensor& t = *pieces[0].from;
  const auto address = reinterpret_cast<uintptr_t>(t.bytes.data());
  return same_type(t.dtype) == type && address % static_cast<uintptr_t>(safetensors::bytes_of(t.dtype)) == 0 ? t.bytes.data() : nullptr;
}

void Made::make(int64_t first, int64_t count, uint8_t* to) const {
  const int64_t cols = this->cols(), row_bytes = quant::row_bytes(type, cols);
  if (pieces.empty()) {
    std::memcpy(to, reinterpret_cast<const uint8_t*>(values.data()) + first * row_bytes, static_cast<size_t>(count * row_bytes));
    return;
  }
  const int64_t each = rows() / static_cast<int64_t>(pieces.size());
  std::vector<float> x(static_cast<size_t>(cols));
  for (int64_t row = first; row < first + count; row++, to += row_bytes) {
    const StoredMatrix& piece = pieces[static_cast<size_t>(row / each)];
    int64_t source = row % each;
    // Pair i of a head, rows i and i + half, becomes rows 2i and 2i + 1.
    if (pair) source = source / pair * pair + source % pair / 2 + source % 2 * (pair / 2);
    const Tensor& t = *piece.from;
    if (same_type(t.dtype) == type) {
      std::memcpy(to, t.bytes.data() + source * row_bytes, static_cast<size_t>(row_bytes));
      continue;
    }
    decode(t, source * cols, cols, x.data());
    scale_row(piece, source, cols, x.data());
    encode_row(type, x.data(), cols, to);
  }
}

}  // namespace lt::convert
