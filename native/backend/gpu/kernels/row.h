// A row of weights in groups of 16 columns, the unit that quant's decoders give.
#pragma once
#include "backend/gpu/gpu.h"

namespace lt::gpu::LT_GPU {

// w = columns [16 g, 16 g + n) of a row; returns n: 16, and less at the end of a row of plain weights.
template <class T>
LT_DEVICE int weights16(const char* row, int64_t g, int64_t cols, float (&w)[16]) {
  const auto* blocks = reinterpret_cast<const typename T::Block*>(row);
  if constexpr (T::values == 1) {
    const int n = static_cast<int>(least(16, cols - 16 * g));
    LT_UNROLL for (int i = 0; i < 16; i++) w[i] = i < n ? T::value(blocks[16 * g + i]) : 0.0f;
    return n;
  } else {
    constexpr int groups = T::values / 16;
    T::dequantize16(blocks[g / groups], static_cast<int>(g % groups), w);
    return 16;
  }
}

}  // namespace lt::gpu::LT_GPU
