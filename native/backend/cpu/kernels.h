// The table of compute kernels that each ISA's build of kernels/ exports, and what they work on. Kernels never allocate,
// throw or wait; cpu.cpp cuts an op into pieces, and one call does one piece on one thread.
#pragma once
#include <cstddef>
#include <cstdint>

namespace lt::cpu {

// How the input rows of a matmul are prepared. Weight types that share a format share the prepared rows.
enum class Format : uint8_t {
  f32,     // plain rows, padded with zeros to whole vectors of 16
  q8_32,   // int8, a scale and a sum a block of 32
  q8_256,  // int8, a scale a block of 256, a sum every 16
};

struct Prepare {
  // Bytes for `rows` prepared rows of `cols` values, whatever views (by row, by tile) the kernels of this format want.
  size_t (*bytes)(int64_t rows, int64_t cols);
  // Prepares rows [first, last) of all `rows`; `first` is a multiple of `step`, the rows one call must own together.
  void (*run)(void* prepared, const float* x, int64_t x_stride /* floats */, int64_t rows, int64_t cols, int64_t first, int64_t last);
  int64_t step;
};

struct MatmulPiece {
  float* y;              // y[row * y_stride + m]
  int64_t y_stride;      // floats
  const float* bias;     // (weight rows) or null
  const void* prepared;  // of all x_rows rows
  int64_t x_rows, cols;
  const uint8_t* w;     // first weight row of the whole matrix
  int64_t w_stride;     // bytes
  int64_t first, last;  // weight rows to do: all y[0 .. x_rows)[first .. last) are written
  uint8_t* panel;       // panel_bytes of scratch of this thread, 64-byte aligned
};

struct MatmulKernel {
  uint8_t type;  // GGUF id
  Format format;
  int64_t group;  // weight rows a piece should hold a multiple of
  void (*run)(const MatmulPiece& piece);
};

constexpr size_t panel_bytes = 1 << 20;  // of each thread

// A kernel reads nothing past the end of a row of weights: the last row may end where the file's mapping ends. Prefetching is free.

// One query tile of one sequence against one KV head: rows at positions first_position, + 1, ..., and `group` query heads.
struct AttendPiece {
  float* y;          // (rows, all heads * v_dim), at the tile's first row and head
  int64_t y_stride;  // floats
  const float* q;    // the same of q
  int64_t q_stride;
  int64_t rows, group;  // rows * group <= attend_rows
  int64_t dim, v_dim;   // of a head of q and k; of v and y
  int64_t first_position;
  int64_t window;  // a row at position p sees positions > p - window; 0: all up to p
  float scale;
  const int32_t* pages;  // of the sequence
  const uint8_t* k;      // of the KV head in page 0
  const uint8_t* v;
  int64_t k_stride, v_stride;       // bytes from a position to the next
  int64_t page_stride;              // positions from a page to the next of the same head
  uint8_t type;                     // GGUF id of k and v
  int64_t first_split, last_split;  // splits of attend_split positions to walk
  float* partial;                   // null: y is written. Else of this one split, for attend_merge: (rows * group, partial_floats(v_dim))
  uint8_t* panel;                   // as MatmulPiece's
};

constexpr int64_t attend_rows = 64, attend_split = 512, attend_dim = 512;
constexpr int64_t partial_floats(int64_t dim) { return (dim + 15) / 16 * 16 + 16; }  // weighted sums of V; maximum, sum of weights

// Everything an ISA offers. Row ops do one row of `count` columns.
struct Kernels {
  const char* isa;
  const Prepare* prepare[3];  // by Format
  const MatmulKernel* const* matmul;
  size_t matmuls;
  void (*rms_norm)(float* y, const float* x, const float* w, float eps, int64_t count, int64_t heads);
  void (*add)(float* y, const float* a, const float* b, int64_t count);
  void (*gate_silu)(float* y, const float* g, const float* u, int64_t count);
  // turn: pairs cosines, then pairs sines
  void (*rope)(float* x, const float* turn, int64_t pairs, int64_t dim, int64_t heads, bool neighbours);
  void (*to_f16)(uint16_t* y, const float* x, int64_t count);
  void (*to_q8_0)(uint8_t* y, const float* x, int64_t count);
  void (*attend)(const AttendPiece& piece);
  void (*attend_merge)(float* y, const float* partial, int64_t stride /* floats from a split to the next */, int64_t splits, int64_t v_dim);
  // Multiply-add instructions on registers alone, the limit of this ISA: returns the operations done (two a multiply-add).
  double (*peak_f32)(int64_t rounds);
  double (*peak_int8)(int64_t rounds);
};

}  // namespace lt::cpu

#ifdef LT_ISA
namespace lt::simd::LT_ISA {}
namespace lt::cpu::LT_ISA {
using namespace lt::simd::LT_ISA;
}

// Each kernels/matmul/<type>.cpp defines its entry, and kernels/table.cpp lists it.
namespace lt::cpu::LT_ISA {
extern const Prepare prepare_f32, prepare_q8_32, prepare_q8_256;
extern const MatmulKernel matmul_f32, matmul_f16, matmul_bf16, matmul_q8_0, matmul_q4_0, matmul_q4_1, matmul_q4_k, matmul_q6_k;
extern const Kernels kernels;
}  // namespace lt::cpu::LT_ISA
#endif
