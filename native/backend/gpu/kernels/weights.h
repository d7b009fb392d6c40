// The kernels that read weights, once a type: kernels/weight.h gives those of one, gather.cu and matmul.cu choose by the tensor's.
#pragma once
#include "backend/gpu/gpu.h"

namespace lt::gpu::LT_GPU {

struct GatherArgs {
  View y, table, ids;
  int64_t cols;
};

struct MatmulArgs {
  View y, x, w;
  const float* bias;            // null: none
  int64_t rows, cols, outputs;  // of x, of x and w, of w
  bool wide_x, wide_w;          // rows are aligned to 16 bytes
};

// Numbers of rows of x from which on another kernel is taken (matmul_decode.h, matmul_tiles.h).
constexpr int64_t few_from = 2, tiles_from = 9, wide_tiles_from = 17;

struct TypeKernels {
  void (*gather)(Stream& stream, int64_t rows, const GatherArgs& args);
  void (*matmul)(Stream& stream, const MatmulArgs& args);
};

const TypeKernels& weights(Type type);

}  // namespace lt::gpu::LT_GPU
