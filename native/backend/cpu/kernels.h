// The table of compute kernels that each ISA's build of kernels/ exports, and what they work on. Kernels never allocate,
// throw or wait; cpu.cpp cuts an op into pieces, and one call does one piece on one thread.
#pragma once
#include <cstddef>
#include <cstdint>

namespace lt::cpu {

// How the input rows of a matmul are prepared. Weight types that share a format share the prepared rows.
enum class Format : uint8_t {
  f32,      // plain rows, padded with zeros to whole vectors of 16
  q8_32,    // int8, a scale and a sum a block of 32
  q8_256,   // int8, a scale a block of 256, a sum every 16
};

struct Prepare {
  // Bytes for `rows` prepared rows of `cols` values, whatever views (by row, by tile) the kernels of this format want.
  size_t (*bytes)(int64_t rows, int64_t cols);
  // Prepares rows [first, last) of all `rows`; `first` is a multiple of `step`, the rows one call must own together.
  void (*run)(void* prepared, const float* x, int64_t x_stride /* floats */, int64_t rows, int64_t cols, int64_t first, int64_t last);
  int64_t step;
};

struct MatmulPiece {
  float* y;               // y[row * y_stride + m]
  int64_t y_stride;       // floats
  const float* bias;      // (weight rows) or null
  const void* prepared;   // of all x_rows rows
  int64_t x_rows, cols;
  const uint8_t* w;       // first weight row of the whole matrix
  int64_t w_stride;       // bytes
  int64_t first, last;    // weight rows to do: all y[0 .. x_rows)[first .. last) are written
  uint8_t* panel;         // panel_bytes of scratch of this thread, 64-byte aligned
};

struct MatmulKernel {
  uint8_t type;           // GGUF id
  Format format;
  int64_t group;          // weight rows a piece should hold a multiple of
  void (*run)(const MatmulPiece& piece);
};

constexpr size_t panel_bytes = 1 << 20;

}  // namespace lt::cpu
