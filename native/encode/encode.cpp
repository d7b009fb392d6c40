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

float finite(float x) { return x != x ? 0.0f : std::clamp(x, -largest, largest); }

void weigh(const Rows& rows, const float* x, float* weights) {
  for (int64_t i = 0; i < rows.cols; i++) weights[i] = rows.importance ? rows.importance[i] : 1.0f;
  if (rows.weigh == Weigh::evenly) return;
  double squares = 0;
  for (int64_t i = 0; i < rows.cols; i++) squares += double{x[i]} * double{x[i]};
  const double mean = squares / static_cast<double>(rows.cols);
  // Relative to the row's root mean square, so that no weight leaves the range of a float.
  for (int64_t i = 0; i < rows.cols; i++) {
    const double ratio = mean > 0 ? double{x[i]} * double{x[i]} / mean : 0;
    weights[i] *= static_cast<float>(std::sqrt(1 + ratio));
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
    std::transform(rows.x + r * rows.cols, rows.x + (r + 1) * rows.cols, x.begin(), finite);
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
