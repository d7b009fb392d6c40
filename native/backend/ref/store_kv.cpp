#include <cstring>

#include "backend/ref/ref.h"
#include "quant/block.h"
#include "quant/q8_0.h"

namespace lt::ref {
namespace {

void encode_row(const Tensor& t, int64_t r, const float* from) {
  if (t.type == Type::f32) {
    std::memcpy(t.row<float>(r), from, static_cast<size_t>(t.cols) * 4);
  } else if (t.type == Type::f16) {
    for (int64_t c = 0; c < t.cols; c++) t.row<uint16_t>(r)[c] = quant::float_to_half(from[c]);
  } else {
    for (int64_t b = 0; b < t.cols / quant::Q8_0::values; b++)
      quant::Q8_0::quantize(from + b * quant::Q8_0::values, t.row<quant::Q8_0::Block>(r)[b]);
  }
}

}  // namespace

void RefOps::store_kv(const Kv& kv, Tensor k, Tensor v, const Rows& rows) {
  for (int64_t r = 0; r < k.rows; r++) {
    const int64_t position = *rows.places.row<int32_t>(r);
    const int64_t page = rows.pages[kv.group].row<int32_t>(*rows.sequences.row<int32_t>(r))[position / Kv::page_size];
    for (int64_t h = 0; h < kv.heads; h++) {
      const int64_t slot = (page * kv.heads + h) * Kv::page_size + position % Kv::page_size;
      encode_row(kv.k, slot, k.row<float>(r) + h * kv.k.cols);
      if (!kv.latent()) encode_row(kv.v, slot, v.row<float>(r) + h * kv.v.cols);
    }
  }
}

}  // namespace lt::ref
