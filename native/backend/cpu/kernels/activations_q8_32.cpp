// Input rows for weight types of 32-value blocks.
#include "backend/cpu/kernels/activations.h"

namespace lt::cpu::LT_ISA {
namespace {

struct Block32 {
  int8_t q[64];  // the upper half zero
  float d;
  int sum, first;  // of q, of its first half
};

void quantize(Block32& b, const float* x) {
  int32_t sums[4];
  b.d = quantize_block(b.q, x, 32);
  memset(b.q + 32, 0, 32);
  sum_16(sums, b.q);
  b.first = sums[0];
  b.sum = sums[0] + sums[1];
}

void row(Quad32* y, const float* x, int64_t blocks) {
  Block32 block;
  for (int64_t b = 0; b < blocks; ++b) {
    Quad32& quad = y[b / 4];
    const int i = int(b % 4);
    if (i == 0) memset(&quad, 0, sizeof quad);
    quantize(block, x + b * 32);
    memcpy(quad.q[0][i], block.q, 16);
    memcpy(quad.q[1][i], block.q + 16, 16);
    quad.d[i] = block.d;
    quad.sum[i] = block.d * float(block.sum);
    quad.start8[i] = -8 * block.sum;
    quad.first8[i] = -8 * block.first;
  }
}

// Token t of a tile of n.
void tile(uint8_t* y, int64_t n, int64_t t, const float* x, int64_t blocks) {
  const Chains chains{blocks};
  Block32 block;
  for (int64_t b = 0; b < blocks; ++b) {
    uint8_t *record = y + chains.place(b) * tile_bytes_32 * n, *at = record + t * 4;
    quantize(block, x + b * 32);
    for (int k = 0; k < 8; ++k) memcpy(record + q_at(k, n, t), block.q + 4 * k, 4);
    const int32_t start = dot_start(8, block.sum, block.q, 32), first = dot_start(8, block.first, block.q, 16);
    const float sum = block.d * float(block.sum);
    memcpy(at + 8 * n * 4, &start, 4);
    memcpy(at + 9 * n * 4, &block.d, 4);
    memcpy(at + 10 * n * 4, &sum, 4);
    memcpy(at + 11 * n * 4, &first, 4);
  }
}

size_t size(int64_t rows, int64_t cols) {
  const int64_t blocks = cols / 32;
  return size_t(rows) * (by_tile(rows, cols) ? size_t(blocks * tile_bytes_32) : size_t((blocks + 3) / 4) * sizeof(Quad32));
}

void run(void* prepared, const float* x, int64_t x_stride, int64_t rows, int64_t cols, int64_t first, int64_t last) {
  const int64_t blocks = cols / 32;
  uint8_t* y = static_cast<uint8_t*>(prepared);
  const Tiles tiles(rows);
  for (int64_t r = first; r < last; ++r) {
    if (by_tile(rows, cols)) {
      const int64_t i = tiles.of(r), from = tiles.first(i);
      tile(y + from * blocks * tile_bytes_32, tiles.width(i), r - from, x + r * x_stride, blocks);
    } else {
      row(reinterpret_cast<Quad32*>(y) + r * ((blocks + 3) / 4), x + r * x_stride, blocks);
    }
  }
}

#ifdef LT_ISA_AVX512
constexpr int64_t amx_blocks = 16;  // together

size_t amx_size(int64_t rows, int64_t cols) { return rows < amx_min_rows ? size(rows, cols) : size_t(rows * (cols / 32) * amx_bytes_32); }

// Token t of a tile of n, `from` the first; y: all rows.
void amx_row(uint8_t* y, int64_t rows, int64_t from, int64_t n, int64_t t, const float* x, int64_t blocks) {
  Block32 block;
  for (int64_t b = 0; b < blocks; ++b) {
    const int64_t first = b / amx_blocks * amx_blocks, i = b - first, count = blocks - first < amx_blocks ? blocks - first : amx_blocks;
    uint8_t* const at = y + (first * rows + from * count) * amx_bytes_32;
    quantize(block, x + b * 32);
    memcpy(at + (i * n + t) * 32, block.q, 32);
    float* const d = reinterpret_cast<float*>(at + (count * 32 + i * 8) * n);
    d[t] = block.d;
    d[n + t] = block.d * float(block.sum);
  }
}

void amx_run(void* prepared, const float* x, int64_t x_stride, int64_t rows, int64_t cols, int64_t first, int64_t last) {
  if (rows < amx_min_rows) return run(prepared, x, x_stride, rows, cols, first, last);
  const Tiles tiles(rows, amx_tokens);
  for (int64_t r = first; r < last; ++r) {
    const int64_t i = tiles.of(r), from = tiles.first(i);
    amx_row(static_cast<uint8_t*>(prepared), rows, from, tiles.width(i), r - from, x + r * x_stride, cols / 32);
  }
}
#endif

}  // namespace

extern const Prepare prepare_q8_32 = {size, run, 1};
#ifdef LT_ISA_AVX512
extern const Prepare prepare_q8_32_amx = {amx_size, amx_run, 1};
#endif

}  // namespace lt::cpu::LT_ISA
