#include "encode/encode.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/error.h"
#include "encode/kernels.h"
#include "quant/type.h"
#include "simd/isa.h"

#define LT_ISA_ENTRY(name)      \
  namespace lt::encode::name {  \
  extern const Kernels kernels; \
  }
#include "encode_isas.inc"
#undef LT_ISA_ENTRY

namespace lt::encode {
namespace {

#define LT_ISA_ENTRY(name) &name::kernels,
const Kernels* const compiled[] = {
#include "encode_isas.inc"
};
#undef LT_ISA_ENTRY

const Kernels& best() {
  static const Kernels* const found =
      *std::find_if(std::begin(compiled), std::end(compiled), [](const Kernels* k) { return simd::runs(k->isa); });
  return *found;  // "portable" is the last and runs everywhere
}

const Encoder* find(const Kernels& kernels, Type type) {
  for (size_t i = 0; i < kernels.count; i++)
    if (kernels.encoders[i]->type == static_cast<uint8_t>(type)) return kernels.encoders[i];
  return nullptr;
}

constexpr float largest = 3.402823466e38f;

// NaN becomes 0, infinities the largest float.
void make_finite(const float* x, int64_t cols, float* y) {
  for (int64_t i = 0; i < cols; i++) {
    const float number = x[i] == x[i] ? x[i] : 0.0f, low = number < -largest ? -largest : number;
    y[i] = low > largest ? largest : low;
  }
}

// Of the row's root mean square; 0 where that is next to nothing. Eight sums, so that they need not wait for each other.
float inverse_size(const float* x, int64_t cols) {
  double sums[8] = {};
  for (int64_t i = 0; i < cols; i++) sums[i % 8] += double{x[i]} * double{x[i]};
  const double sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  const double size = std::sqrt(sum / static_cast<double>(cols));
  return size > 1e-30 ? static_cast<float>(1 / size) : 0.0f;
}

// Sizes are relative to the row's root mean square, so that no weight leaves the range of a float.
void weigh(const Rows& rows, const float* x, float* weights) {
  const float* importance = rows.importance;
  for (int64_t i = 0; i < rows.cols; i++) weights[i] = importance ? importance[i] : 1.0f;
  if (rows.weigh == Weigh::evenly) return;
  const float inverse = inverse_size(x, rows.cols);
  if (rows.weigh == Weigh::by_square) {
    for (int64_t i = 0; i < rows.cols; i++) weights[i] *= (x[i] * inverse) * (x[i] * inverse) + 1e-6f;
  } else {
    for (int64_t i = 0; i < rows.cols; i++) weights[i] *= std::sqrt(1.0f + (x[i] * inverse) * (x[i] * inverse));
  }
}

void encode(const Kernels& kernels, Type type, const Rows& rows, void* blocks) {
  const quant::TypeInfo& info = quant::info(type);
  if (rows.cols % info.values != 0) {
    throw Error(Code::argument, std::string(info.name) + " needs rows of a multiple of " + std::to_string(info.values) + " values, found " +
                                    std::to_string(rows.cols) + ": choose another type for it");
  }
  const size_t row_bytes = static_cast<size_t>(quant::row_bytes(type, rows.cols));
  if (type == Type::f32) {
    std::memcpy(blocks, rows.x, row_bytes * static_cast<size_t>(rows.rows));
    return;
  }
  const Encoder* encoder = find(kernels, type);
  if (!encoder) throw Error(Code::unsupported, std::string("weights are not encoded as ") + info.name + " here");
  std::vector<float> x(static_cast<size_t>(rows.cols)), weights(x.size());
  for (int64_t r = 0; r < rows.rows; r++) {
    make_finite(rows.x + r * rows.cols, rows.cols, x.data());
    weigh(rows, x.data(), weights.data());
    encoder->run({x.data(), weights.data(), rows.cols, rows.unbiased}, static_cast<uint8_t*>(blocks) + static_cast<size_t>(r) * row_bytes);
  }
}

}  // namespace

bool encodes(Type type) { return type == Type::f32 || find(best(), type) != nullptr; }

bool wants_importance(Type type) {
  const uint32_t id = static_cast<uint32_t>(type);
  return id == 16 || id == 17 || id == 19 || id == 22 || id == 29;
}

void encode(Type type, const Rows& rows, void* blocks) { encode(best(), type, rows, blocks); }

std::vector<std::string> isas() {
  std::vector<std::string> names;
  for (const Kernels* k : compiled)
    if (simd::runs(k->isa)) names.push_back(k->isa);
  return names;
}

void encode(std::string_view isa, Type type, const Rows& rows, void* blocks) {
  for (const Kernels* k : compiled) {
    if (k->isa == isa && simd::runs(isa)) return encode(*k, type, rows, blocks);
  }
  throw Error(Code::argument, "isa: expected one that this CPU runs, found \"" + std::string(isa) + "\"");
}

}  // namespace lt::encode
