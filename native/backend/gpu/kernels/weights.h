// The kernels that read weights, once a type: kernels/weight.h gives those of one, gather.cu and matmul.cu choose by the tensor's.
#pragma once
#include "backend/gpu/gpu.h"

namespace lt::gpu::LT_GPU {

struct GatherArgs {
  View y, table, ids;
  int64_t cols;
};

struct MatmulArgs {
  View y, x, w, bias;              // bias without data: none
  int64_t results, cols, outputs;  // rows of y; columns of x and w; of y
  bool wide_x, wide_w;             // rows are aligned to 16 bytes
  // Of a product with a choice (choice.h).
  bool chosen;
  View ids;                      // without data: none
  const int32_t* list;           // null: none
  int used, first, count, held;  // held: matrices in w
};

// Numbers of rows of x from which on another kernel is taken (matmul_decode.h, matmul_tiles.h).
constexpr int64_t few_from = 2, tiles_from = 9, wide_tiles_from = 17;

// How many rows of one matrix a block takes, and at most.
constexpr int64_t most_at_once = 64;
constexpr int64_t at_once_of(int64_t rows) {
  return rows < few_from ? 1 : rows < tiles_from ? tiles_from - 1 : rows < wide_tiles_from ? 16 : most_at_once;
}

// Bytes that the lists of so many results of so many matrices take at most (choice.cu).
size_t list_bytes(int64_t results, int64_t matrices);

struct TypeKernels {
  void (*gather)(Stream& stream, int64_t rows, const GatherArgs& args);
  void (*matmul)(Stream& stream, const MatmulArgs& args, int64_t at_once);
};

const TypeKernels& weights(Type type);

}  // namespace lt::gpu::LT_GPU
