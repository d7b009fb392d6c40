// The table of compute kernels that each ISA's build of kernels/ exports, and what they work on. Kernels never allocate,
// throw or wait; cpu.cpp cuts an op into pieces, and one call does one piece on one thread.
#pragma once
#include <cstddef>
#include <cstdint>

namespace lt::cpu {

// How the input rows of a matmul are prepared. Weight types that share a format share the prepared rows.
enum class Format : uint8_t {
  f32,        // plain rows, padded with zeros to whole vectors of 16
  q8_32,      // int8, a scale and a sum a block of 32
  q8_256,     // int8, a scale a block of 256, a sum every 16
  q8_planes,  // the same in another order, for matmul/vbmi
  bf16,       // rounded to BF16, padded with zeros to whole vectors of 32
  bf16_wide,  // the same as floats, of each 32 the odd ones before the even ones
  q8_32_amx,  // q8_32 and q8_256, of many rows in another order, for matmul/amx
  q8_256_amx,
};
constexpr int formats = 8;

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
  const uint8_t* w;             // first weight row of the whole matrix
  int64_t w_stride;             // bytes
  int64_t first, last;          // weight rows to do: all y[0 .. x_rows)[first .. last) are written
  uint8_t* panel;               // panel_bytes of scratch of this thread, 64-byte aligned
  const int32_t* at = nullptr;  // the row of y of each of x; null: the same
};

struct MatmulKernel {
  uint8_t type;  // GGUF id
  Format format;
  int64_t group;  // weight rows a piece should hold a multiple of
  void (*run)(const MatmulPiece& piece);
};

constexpr size_t book_types = 7;  // that have code books
constexpr size_t amx_types = 13;  // that tiles of AMX multiply

constexpr size_t panel_bytes = 1 << 20;  // of each thread

// A kernel reads nothing past the end of a row of weights: the last row may end where the file's mapping ends. Prefetching is free.

// Stretches of columns of a row, each by itself.
struct NormRow {
  float* y;
  const float* x;
  const float *w, *b;      // of the first stretch; null: 1, 0
  int64_t w_step, b_step;  // floats to the next stretch's; 0: all share them
  int64_t count, heads;    // columns of a stretch, stretches
  float eps;
  bool centred;
};

// y = outer * act(inner * a), times or plus b.
struct MapRow {
  float* y;
  const float *a, *b;      // b: null, or count / stretch values
  int64_t count, stretch;  // columns; those that share a value of b
  bool adds;
  float inner, outer, limit;
};

constexpr int64_t attend_rows = 64, attend_split = 512, attend_dim = 640;
constexpr int64_t partial_floats(int64_t dim) { return (dim + 15) / 16 * 16 + 16; }  // weighted sums of V; maximum, sum of weights

struct Places {
  int64_t first, last;  // [first, last)
};

// One query tile of one sequence against one KV head: rows at places first_place, + 1, ..., and `group` query heads.
struct AttendPiece {
  float* y;          // (rows, all heads * v_dim), at the tile's first row and head
  int64_t y_stride;  // floats
  const float* q;    // the same of q
  int64_t q_stride;
  int64_t rows, group;  // rows <= attend_rows, rows * group <= attend_most(dim, v_dim)
  int64_t dim, v_dim;   // of a head of q and k; of v and y
  int64_t first_place;
  Places seen[attend_rows];  // by each row
  float scale, cap;          // cap 0: none
  const float* sinks;        // of the tile's heads, or null
  const float* slopes;       // the same
  const float* offsets;      // of each of the tile's heads, to the middle: -offset_reach to offset_reach; or null
  int64_t offset_reach, offset_stride;
  const int32_t* pages;  // of the sequence
  const uint8_t* k;      // of the KV head in page 0
  const uint8_t* v;
  int64_t k_stride, v_stride;       // bytes from a place to the next
  int64_t page_stride;              // places from a page to the next of the same head
  uint8_t type;                     // GGUF id of k and v
  int64_t first_split, last_split;  // splits of attend_split places to walk
  float* partial;                   // null: y is written. Else of this one split, for attend_merge: (rows * group, partial_floats(v_dim))
  uint8_t* panel;                   // as MatmulPiece's
};

// A row's choice of experts.
struct RouteRow {
  int32_t* ids;
  float* weights;
  const float *scores, *bias;  // bias or null
  int64_t experts, used;
  uint8_t gating;  // lt::Router::Gating
  int64_t groups, used_groups, group_best;
  bool normalize;
  float scale, nearness;
  float* work;  // route_floats(experts)
};

constexpr int64_t route_floats(int64_t experts) { return 4 * experts; }

// Where the states of a sequence come from and go to, at what is a piece's of a slot.
struct StatePiece {
  const float* before;    // of the slot before the first row; null: zeros
  float* slots;           // of slot 0
  int64_t slot_stride;    // floats
  const int32_t* writes;  // of each row: the slot that keeps its state, or -1
  int64_t writes_stride;  // numbers
};

// Columns of a convolution: some rows of one sequence.
struct ConvPiece {
  float* y;
  const float* x;
  int64_t y_stride, x_stride;  // floats
  int64_t rows, count, cols;   // columns of the piece, of a row of the state
  const float *w, *b;          // (count, width); (count) or null
  int64_t width, w_stride;
  StatePiece state;
  uint8_t* panel;
};

constexpr int64_t conv_columns = 128;  // of a piece at most
constexpr int64_t conv_floats(int64_t width) { return (2 * width - 1) * conv_columns; }

// Columns of a selective scan that share b and c: some rows of one sequence.
struct ScanPiece {
  float* y;
  const float* x;
  int64_t y_stride, x_stride;
  const float *b, *c;  // of the group
  int64_t b_stride, c_stride;
  const float *dt, *a, *d;  // of all heads
  int64_t dt_stride, a_stride;
  bool a_each;                 // a has a number for each of a state's columns
  int64_t first, count, head;  // first column of all, columns of the piece, columns a head
  int64_t rows, size;
  StatePiece state;
  uint8_t* panel;
};

constexpr int64_t scan_columns = 32;
constexpr int64_t scan_floats(int64_t size) { return 2 * size * scan_columns; }

// Columns of a value head under the delta rule: some rows of one sequence.
struct DeltaPiece {
  float* y;
  const float* v;
  int64_t y_stride, v_stride;
  const float *q, *k;  // of the key head
  int64_t q_stride, k_stride;
  const float *decay, *beta;  // of the value head
  int64_t decay_stride, beta_stride;
  bool decay_each;      // a decay for each row of the state
  int64_t count, cols;  // columns of the piece, of the head
  int64_t next;         // numbers from the state of this piece to that of the next
  int64_t rows, size;
  StatePiece state;
  uint8_t* panel;
};

constexpr int64_t delta_columns = 32;
constexpr int64_t delta_floats(int64_t size) { return size * delta_columns + (size + 15) / 16 * 16; }

// Columns of a head of RWKV: some rows of one sequence.
struct WkvPiece {
  float* y;
  const float* v;
  int64_t y_stride, v_stride;
  const float *r, *k, *decay;  // of the head
  int64_t r_stride, k_stride, decay_stride;
  const float *removes, *replaces;  // of the head, or null
  int64_t removes_stride, replaces_stride;
  const float* bonus;   // of the head, or null
  bool nested;          // decays are -e^ of what is given
  int64_t count, cols;  // columns of the piece, of the head
  int64_t rows, size;
  StatePiece state;
  uint8_t* panel;
};

constexpr int64_t wkv_columns = 32;
constexpr int64_t wkv_floats(int64_t size) { return size * wkv_columns + 2 * ((size + 15) / 16 * 16); }

// Everything an ISA offers. Row ops do one row of `count` columns.
struct Kernels {
  const char* isa;
  const Prepare* prepare[formats];  // by Format; null: no kernel wants it
  const MatmulKernel* const* matmul;
  size_t matmuls;
  const MatmulKernel* matmul_bf16_dot;  // in the place of BF16's where simd::dots_bf16(); null: none
  const MatmulKernel* matmul_books;     // book_types, in the place of those of their types where simd::permutes_bytes(); null: none
  const MatmulKernel* matmul_amx;       // amx_types, the same where simd::multiplies_tiles()
  void (*norm)(const NormRow& row);
  void (*map)(uint8_t act /* lt::Act */, const MapRow& row);
  // turn: pairs cosines, then pairs sines
  void (*rope)(float* x, const float* turn, int64_t pairs, int64_t dim, int64_t heads, bool neighbours);
  void (*to_f16)(uint16_t* y, const float* x, int64_t count);
  void (*to_q8_0)(uint8_t* y, const float* x, int64_t count);
  void (*attend)(const AttendPiece& piece);
  // stride: floats from a split to the next; sink: -infinity where there is none
  void (*attend_merge)(float* y, const float* partial, int64_t stride, int64_t splits, int64_t v_dim, float sink);
  void (*route)(const RouteRow& row);
  void (*combine)(float* y, const float* x, int64_t x_stride, const float* weights, int64_t used, int64_t count);
  void (*conv)(const ConvPiece& piece);
  void (*scan)(const ScanPiece& piece);
  void (*delta)(const DeltaPiece& piece);
  void (*wkv)(const WkvPiece& piece);
  // Multiply-add instructions on registers alone, the limit of this ISA: returns the operations done (two a multiply-add).
  double (*peak_f32)(int64_t rounds);
  double (*peak_int8)(int64_t rounds);
  double (*peak_bf16)(int64_t rounds);  // of matmul_bf16_dot; null: there is none
};

}  // namespace lt::cpu

#ifdef LT_ISA
#ifndef LT_BASE
#define LT_BASE LT_ISA  // the ISA whose kernels of floats it takes; of an ISA with products of bytes of its own alone that is another one
#endif
namespace lt::simd::LT_ISA {}
namespace lt::cpu::LT_ISA {
using namespace lt::simd::LT_ISA;
}

// Each kernels/matmul/<type>.cpp defines its entry, and kernels/table.cpp lists it.
namespace lt::cpu::LT_BASE {
extern const Prepare prepare_f32, prepare_bf16, prepare_bf16_wide;
extern const MatmulKernel matmul_f32, matmul_f16, matmul_bf16, matmul_bf16_dot;
}  // namespace lt::cpu::LT_BASE
namespace lt::cpu::LT_ISA {
extern const Prepare prepare_q8_32, prepare_q8_256, prepare_q8_planes, prepare_q8_32_amx, prepare_q8_256_amx;
extern const MatmulKernel matmul_q8_0, matmul_q4_0, matmul_q4_1, matmul_q5_0, matmul_q5_1, matmul_iq4_nl, matmul_mxfp4, matmul_nvfp4,
    matmul_q1_0, matmul_q2_0, matmul_q2_k, matmul_q3_k, matmul_q4_k, matmul_q5_k, matmul_q6_k, matmul_iq4_xs, matmul_iq1_s, matmul_iq1_m,
    matmul_iq2_xxs, matmul_iq2_xs, matmul_iq2_s, matmul_iq3_xxs, matmul_iq3_s, matmul_tq1_0, matmul_tq2_0;
extern const Kernels kernels;

// Row `token` of a piece's y.
inline float* result(const MatmulPiece& p, int64_t token) { return p.y + (p.at ? p.at[token] : token) * p.y_stride; }
}  // namespace lt::cpu::LT_ISA
#endif
