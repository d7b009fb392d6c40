// What is compiled once a weight type: LT_GPU_WEIGHT(Q4_0) in a file that the build writes. A function, as a constant would be made for
// the device too.
#pragma once
#include "backend/gpu/kernels/gather.h"
#include "backend/gpu/kernels/matmul_decode.h"
#include "backend/gpu/kernels/matmul_tiles.h"

namespace lt::gpu::LT_GPU {

template <class T>
void matmul_rows(Stream& stream, const MatmulArgs& p, int64_t at_once) {
  if (at_once <= most_decoded)
    matmul_decode<T>(stream, p, at_once);
  else
    matmul_tiles<T>(stream, p, at_once);
}

}  // namespace lt::gpu::LT_GPU

#define LT_GPU_WEIGHT(T)                                                               \
  namespace lt::gpu::LT_GPU {                                                          \
  TypeKernels weights_##T();                                                           \
  TypeKernels weights_##T() { return {gather_rows<quant::T>, matmul_rows<quant::T>}; } \
  }
