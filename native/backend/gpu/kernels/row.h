// A row of weights in groups of 16 columns, the unit that quant's decoders give.
#pragma once
#include "backend/gpu/gpu.h"

namespace lt::gpu::LT_GPU {

// Sixteen floats or plain weights: in pieces of 16 bytes where they are so aligned.
template <class T>
LT_DEVICE void load16(T (&to)[16], const T* from, bool wide) {
  if (wide)
    memcpy(to, __builtin_assume_aligned(from, 16), sizeof to);
  else
    LT_UNROLL for (int i = 0; i < 16; i++) to[i] = from[i];
}

// w = columns [16 g, 16 g + n) of a row; returns n: 16, and less at the end of a row of plain weights. wide: rows are aligned to 16
// bytes.
template <class T>
LT_DEVICE int weights16(const char* row, int64_t g, int64_t cols, bool wide, float (&w)[16]) {
  using Block = typename T::Block;
  const auto* blocks = reinterpret_cast<const Block*>(row);
  if constexpr (T::values > 1) {
    constexpr int groups = T::values / 16;
    T::dequantize16(blocks[g / groups], static_cast<int>(g % groups), w);
  } else {
    const int n = static_cast<int>(least(16, cols - 16 * g));
    if (n < 16) {
      for (int i = 0; i < n; i++) w[i] = T::value(blocks[16 * g + i]);
      return n;
    }
    Block b[16];
    load16(b, blocks + 16 * g, wide);
    LT_UNROLL for (int i = 0; i < 16; i++) w[i] = T::value(b[i]);
  }
  return 16;
}

}  // namespace lt::gpu::LT_GPU
