// Input rows quantized to int8 for the block kernels, in the order their loops read them.
//   d = max|x| / 127 over the block; q = x * (1 / d) rounded to nearest even, within +-127
// One or few rows are laid out by row (a GEMV reads them); many rows by tile of tokens (a GEMM does). Both hold the same numbers.
#pragma once
#include "backend/cpu/kernels.h"
#include "simd/simd_int.h"

namespace lt::cpu::LT_ISA {

// Rows laid out by tile from this many on. Wider matrices have panels too large for a thread's scratch: always by row.
constexpr int64_t tile_min_rows = 3;
constexpr int64_t tile_max_cols = 49152;

// By row, blocks of 32: four blocks, one a chain. Absent blocks at a row's end are all zero.
struct Quad32 {
  int8_t q[2][4][16];  // [half of a block][block]
  float d[4];
  float sum[4];       // d * sum of q
  int32_t start8[4];  // -8 * sum of q
  int32_t first8[4];  // the same of its first half
};
static_assert(sizeof(Quad32) == 192);

// The runs of 16 values, those together whose codes share bytes in Q2_K and Q3_K; and of each four what the codes of Q3_K are multiplied
// by where they lie (matmul/sixteen_lanes_avx512.h).
alignas(16) constexpr uint8_t lane_order[16] = {0, 4, 2, 6, 1, 5, 3, 7, 8, 12, 10, 14, 9, 13, 11, 15};
constexpr int factors_q3_k[4] = {1, 16, 2, 32};

// By row, blocks of 256: four blocks.
struct Block256 {
  int8_t q[256];
  int8_t nibbles[256];     // q by runs of 32 in the order 0 2 1 3 4 6 5 7: the low, then the high nibbles of 64 bytes of Q4_K
  int8_t halves[256];      // q by runs of 16, of each 128 the even ones, then the odd ones: the same of IQ4_XS
  int8_t steps[4][64];     // four values of each run of 16, by lane_order
  int32_t start_q3_k[16];  // by lane_order: -4 * sum of q, times factors_q3_k
  int16_t negative_sum16[16];
  int16_t sum32[8];
  int32_t unused[4];
};
struct Quad256 {
  static constexpr int64_t tiles_from = tile_min_rows;
  float d[4];
  float unused[12];
  int32_t start128[8][4];  // [run of 32][block]: -128 * sum of q
  Block256 block[4];
};
static_assert(sizeof(Quad256) == 64 + 128 + 4 * 1152);

// By row, of types with code books where bytes are looked up 64 at a time.
struct PlaneBlock {
  int8_t q[4][64];    // [i][4 * j + k] is q of value 16 j + 4 k + i
  int32_t start[16];  // of each sixteen: -128 * sum of q
};
struct PlaneQuad {
  static constexpr int64_t tiles_from = 9;  // up to then unpacking a row again takes less time than a panel
  float d[4];
  float unused[12];
  PlaneBlock block[4];
};
static_assert(sizeof(PlaneQuad) == 64 + 4 * 320);

// By tile of n tokens, blocks in the order of chains. Bytes a token and block; a tile's record is n times as long.
//   32:  int8 q[8][n][4]; int32 start8[n] (dot_start of offset 8); float d[n]; float sum[n] (d * sum of q); int32 first8[n] (start8 of
//        the first half)
//   256: int8 q[64][n][4]; int32 start32[16][n] (dot_start of offset 32, sub-blocks of 16); int16 sums[4][n][2] (of 32); float d[n]
// q is [k / 2][n][2][4] where eights.
constexpr int64_t tile_bytes_32 = 32 + 16;
constexpr int64_t tile_bytes_256 = 256 + 64 + 16 + 4;

// Where value 4 k of token t of n is.
constexpr int64_t q_at(int k, int64_t n, int64_t t) { return eights ? (k / 2 * n + t) * 8 + k % 2 * 4 : (k * n + t) * 4; }

// By tile of n tokens of AMX (matmul/amx), which multiplies rows of q. Bytes a token:
//   32:  16 blocks at a time, or what is left: int8 q[blocks][n][32]; of each block float d[n], sum[n]
//   256: int8 q[4][n][64]; float d[n]; int16 sums[4][n][2] (of 32), sums[8][n][2] (of 16)
constexpr int64_t amx_tokens = 16, amx_bytes_32 = 32 + 8, amx_bytes_256 = 320;  // whole cache lines
constexpr int64_t amx_min_rows = 13;                                            // up to then few.h

inline bool by_tile(int64_t rows, int64_t cols, int64_t least = tile_min_rows) { return rows >= least && cols <= tile_max_cols; }

// The rows of `rows` in nearly equal tiles: 13 as 5 + 4 + 4 and not 6 + 6 + 1.
struct Tiles {
  int64_t count, size, larger;  // the first `larger` tiles have size + 1 rows
  explicit Tiles(int64_t rows, int64_t most = tile_tokens) : count((rows + most - 1) / most), size(rows / count), larger(rows % count) {}
  int64_t first(int64_t tile) const { return tile * size + (tile < larger ? tile : larger); }
  int64_t width(int64_t tile) const { return size + (tile < larger); }
  int64_t of(int64_t row) const { return row < larger * (size + 1) ? row / (size + 1) : larger + (row - larger * (size + 1)) / size; }
};

// Blocks of a row sorted by chain (index mod 4), ascending inside a chain.
struct Chains {
  int64_t blocks;
  int64_t count(int chain) const { return (blocks + 3 - chain) / 4; }
  int64_t first(int chain) const {
    int64_t n = 0;
    for (int c = 0; c < chain; ++c) n += count(c);
    return n;
  }
  int64_t place(int64_t block) const { return first(int(block % 4)) + block / 4; }
};

// Quantizes n (a multiple of 16) values; returns d.
inline float quantize_block(int8_t* q, const float* x, int n) {
  floats most = zero_floats();
  for (int i = 0; i < n; i += lanes) most = max_abs(load_floats(x + i), most);
  const float d = max_lane(most) / 127.0f;
  const floats inverse = splat_float(d != 0 ? 1.0f / d : 0.0f);
  for (int i = 0; i < n; i += lanes) store_low_bytes(q + i, round_to_int8(mul_floats(load_floats(x + i), inverse)));
  return d;
}

// The sums of the four 16 of 64 values.
inline void sum_16(int32_t* sums, const int8_t* q) {
  ints v[vectors_64];
  for (int i = 0; i < vectors_64; ++i) v[i] = sum_dots(dot(zero_dots(), splat_byte(1), load_bytes(q + i * vector_bytes)));
  store_int4(sums, sum_quads(v));
}

}  // namespace lt::cpu::LT_ISA
