// Input rows for weight types of 256-value blocks.
#include "backend/cpu/kernels/activations.h"

namespace lt::cpu::LT_ISA {
namespace {

struct Quantized {
  int8_t q[256];
  float d;
  int32_t sum16[16];
  int sum32(int i) const { return sum16[2 * i] + sum16[2 * i + 1]; }
};

void quantize(Quantized& b, const float* x) {
  b.d = quantize_block(b.q, x, 256);
  for (int i = 0; i < 4; ++i) sum_16(b.sum16 + 4 * i, b.q + 64 * i);
}

void row(Quad256* y, const float* x, int64_t blocks) {
  static constexpr int order[8] = {0, 2, 1, 3, 4, 6, 5, 7};
  for (int64_t b = 0; b < blocks; ++b) {
    Quad256& quad = y[b / 4];
    if (b % 4 == 0) memset(&quad, 0, sizeof quad);
    Block256& block = quad.block[b % 4];
    Quantized from;
    quantize(from, x + b * 256);
    quad.d[b % 4] = from.d;
    memcpy(block.q, from.q, 256);
    for (int i = 0; i < 8; ++i) memcpy(block.nibbles + 32 * i, from.q + 32 * order[i], 32);
    for (int i = 0; i < 16; ++i) memcpy(block.halves + 128 * (i / 8) + 64 * (i % 2) + 16 * (i % 8 / 2), from.q + 16 * i, 16);
    for (int i = 0; i < 16; ++i) {
      const int sixteen = lane_order[i];
      for (int k = 0; k < 4; ++k) memcpy(block.steps[k] + 4 * i, from.q + 16 * sixteen + 4 * k, 4);
      block.start_q3_k[i] = -4 * factors_q3_k[i % 4] * from.sum16[sixteen];
    }
    for (int i = 0; i < 16; ++i) block.negative_sum16[i] = int16_t(-from.sum16[i]);
    for (int i = 0; i < 8; ++i) quad.start128[i][b % 4] = -128 * from.sum32(i);
    for (int i = 0; i < 8; ++i) block.sum32[i] = int16_t(from.sum32(i));
  }
}

#ifdef LT_ISA_AVX512
void row(PlaneQuad* y, const float* x, int64_t blocks) {
  const __m512i fours = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  const __m512i in_order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  for (int64_t b = 0; b < blocks; ++b) {
    PlaneQuad& quad = y[b / 4];
    if (b % 4 == 0) memset(&quad, 0, sizeof quad);
    PlaneBlock& block = quad.block[b % 4];
    Quantized from;
    quantize(from, x + b * 256);
    quad.d[b % 4] = from.d;
    bytes q[4];
    for (int i = 0; i < 4; ++i) q[i] = lookup(load_bytes(from.q + 64 * i), fours);
    transpose(q);
    for (int i = 0; i < 4; ++i) store_bytes(block.q[i], _mm512_permutexvar_epi32(in_order, q[i]));
    for (int i = 0; i < 16; ++i) block.start[i] = -128 * from.sum16[i];
  }
}
#endif

// Token t of a tile of n.
void tile(uint8_t* y, int64_t n, int64_t t, const float* x, int64_t blocks) {
  const Chains chains{blocks};
  for (int64_t b = 0; b < blocks; ++b) {
    uint8_t *record = y + chains.place(b) * tile_bytes_256 * n, *at = record + t * 4;
    Quantized from;
    quantize(from, x + b * 256);
    for (int k = 0; k < 64; ++k) memcpy(record + q_at(k, n, t), from.q + 4 * k, 4);
    for (int i = 0; i < 16; ++i) {
      const int32_t start = dot_start(32, from.sum16[i], from.q + 16 * i, 16);
      memcpy(at + (64 + i) * n * 4, &start, 4);
    }
    for (int i = 0; i < 4; ++i) {
      const int16_t sums[2] = {int16_t(from.sum32(2 * i)), int16_t(from.sum32(2 * i + 1))};
      memcpy(at + (80 + i) * n * 4, sums, 4);
    }
    memcpy(at + 84 * n * 4, &from.d, 4);
  }
}

template <class Quad>
size_t size(int64_t rows, int64_t cols) {
  const int64_t blocks = cols / 256;
  const bool tiled = by_tile(rows, cols, Quad::tiles_from);
  return size_t(rows) * (tiled ? size_t(blocks * tile_bytes_256) : size_t((blocks + 3) / 4) * sizeof(Quad));
}

template <class Quad>
void run(void* prepared, const float* x, int64_t x_stride, int64_t rows, int64_t cols, int64_t first, int64_t last) {
  const int64_t blocks = cols / 256;
  uint8_t* y = static_cast<uint8_t*>(prepared);
  const Tiles tiles(rows);
  for (int64_t r = first; r < last; ++r) {
    if (by_tile(rows, cols, Quad::tiles_from)) {
      const int64_t i = tiles.of(r), from = tiles.first(i);
      tile(y + from * blocks * tile_bytes_256, tiles.width(i), r - from, x + r * x_stride, blocks);
    } else {
      row(reinterpret_cast<Quad*>(y) + r * ((blocks + 3) / 4), x + r * x_stride, blocks);
    }
  }
}

#ifdef LT_ISA_AVX512
size_t amx_size(int64_t rows, int64_t cols) {
  return rows < amx_min_rows ? size<Quad256>(rows, cols) : size_t(rows * (cols / 256) * amx_bytes_256);
}

// Token t of a tile of n; step: bytes from a block to the next.
void amx_row(uint8_t* y, int64_t step, int64_t n, int64_t t, const float* x, int64_t blocks) {
  for (int64_t b = 0; b < blocks; ++b, y += step) {
    Quantized from;
    quantize(from, x + b * 256);
    for (int k = 0; k < 4; ++k) memcpy(y + (k * n + t) * 64, from.q + 64 * k, 64);
    memcpy(y + 256 * n + 4 * t, &from.d, 4);
    const auto put = [&](int i, int first, int second) {
      const int16_t sums[2] = {int16_t(first), int16_t(second)};
      memcpy(y + (260 + 4 * i) * n + 4 * t, sums, 4);
    };
    for (int i = 0; i < 4; ++i) put(i, from.sum32(2 * i), from.sum32(2 * i + 1));
    for (int i = 0; i < 8; ++i) put(4 + i, from.sum16[2 * i], from.sum16[2 * i + 1]);
  }
}

void amx_run(void* prepared, const float* x, int64_t x_stride, int64_t rows, int64_t cols, int64_t first, int64_t last) {
  if (rows < amx_min_rows) return run<Quad256>(prepared, x, x_stride, rows, cols, first, last);
  const Tiles tiles(rows, amx_tokens);
  for (int64_t r = first; r < last; ++r) {
    const int64_t i = tiles.of(r), from = tiles.first(i);
    amx_row(static_cast<uint8_t*>(prepared) + from * amx_bytes_256, rows * amx_bytes_256, tiles.width(i), r - from, x + r * x_stride,
            cols / 256);
  }
}
#endif

}  // namespace

extern const Prepare prepare_q8_256 = {size<Quad256>, run<Quad256>, 1};
#ifdef LT_ISA_AVX512
extern const Prepare prepare_q8_256_amx = {amx_size, amx_run, 1};
extern const Prepare prepare_q8_planes = {size<PlaneQuad>, run<PlaneQuad>, 1};
#endif

}  // namespace lt::cpu::LT_ISA
