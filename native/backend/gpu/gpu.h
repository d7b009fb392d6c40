// The only file that knows CUDA from HIP from the face that runs kernels on the CPU (with the header of each, beside it and in
// face/). Kernels and ops are written against what follows, which all three provide in namespace lt::gpu::<LT_GPU>:
//
//   In kernels: LT_KERNEL(threads) before one's name; thread(), threads(), block_x(), block_y(), block_z(); sync(), the barrier of a
//   block; shuffle_xor(x, mask), the x of lane (lane ^ mask) of 32 neighbouring threads; atomic_add(int*, int);
//   LT_SHARED(T, name, count) and LT_SHARED_DYNAMIC(T, name), memory of a block, which functions take as SharedPtr<T>.
//   A wave has 32 or 64 lanes. No kernel may see which: all lanes of a wave take the same way to a shuffle, all threads of a block
//   the same way to a barrier.
//
//   On the host: survey(), use(device), allocate, release, pinned memory, free_bytes(); Stream, Event, Graph; launch().
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "backend/gpu/grid.h"
#include "core/backend.h"
#include "quant/block.h"

#if defined(LT_GPU_CUDA)
#include "backend/gpu/gpu_cuda.h"
#elif defined(LT_GPU_HIP)
#include "backend/gpu/gpu_hip.h"
#else
#include "backend/gpu/face/face.h"
#endif

#define LT_UNROLL _Pragma("GCC unroll 16")
#if defined(__CUDACC__) || defined(__HIPCC__)
#undef LT_UNROLL
#define LT_UNROLL _Pragma("unroll")
#endif

namespace lt::gpu::LT_GPU {

// A tensor as a kernel sees it.
struct View {
  char* data;
  int64_t stride;  // bytes from a row to the next

  View() = default;
  View(const Tensor& t) : data(static_cast<char*>(t.data)), stride(t.stride) {}
  template <class T>
  LT_HD T* row(int64_t r) const {
    return reinterpret_cast<T*>(data + r * stride);
  }
};

LT_HD inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
LT_HD inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
LT_HD inline float largest(float a, float b) { return a > b ? a : b; }
constexpr LT_HD int64_t parts(int64_t whole, int64_t part) { return (whole + part - 1) / part; }

}  // namespace lt::gpu::LT_GPU
