// Rows of the paged cache, of the three types that keys and values are kept in.
#pragma once
#include "backend/gpu/gpu.h"
#include "quant/f16.h"
#include "quant/f32.h"
#include "quant/q8_0.h"

namespace lt::gpu::LT_GPU {

LT_DEVICE float element(const quant::F32::Block* row, int64_t c) { return row[c].x; }
LT_DEVICE float element(const quant::F16::Block* row, int64_t c) { return quant::F16::value(row[c]); }
LT_DEVICE float element(const quant::Q8_0::Block* row, int64_t c) {
  const quant::Q8_0::Block& b = row[c / quant::Q8_0::values];
  return quant::half_to_float(b.d) * static_cast<float>(b.qs[c % quant::Q8_0::values]);
}

LT_DEVICE void store(quant::F32::Block& b, const float* x) { b.x = *x; }
LT_DEVICE void store(quant::F16::Block& b, const float* x) { b.x = quant::float_to_half(*x); }
LT_DEVICE void store(quant::Q8_0::Block& b, const float* x) { quant::Q8_0::quantize(x, b); }

// The row of a place in k or v.
LT_HD inline int64_t slot(const int32_t* pages, int64_t heads, int64_t head, int64_t place) {
  return (pages[place / Kv::page_size] * heads + head) * Kv::page_size + place % Kv::page_size;
}

// Calls f with a value of the cache type's struct.
template <class F>
void with_cache_type(Type type, F f) {
  if (type == quant::F32::id)
    f(quant::F32{});
  else if (type == quant::F16::id)
    f(quant::F16{});
  else
    f(quant::Q8_0{});
}

}  // namespace lt::gpu::LT_GPU
