// Input rows of the block kernels, rounded as activations.h says, as int16.
#include "backend/cpu/kernels/loops/dot.h"

namespace lt::cpu::LT_ISA {
namespace {

// Quantizes n (a multiple of 16) values; returns d.
float quantize(int16_t* q, const float* x, int n) {
  f32x16 high = zero();
  for (int i = 0; i < n; i += 16) {
    const f32x16 v = load(x + i);
    high = max(max(v, zero() - v), high);  // a NaN is not above what is there
  }
  const float d = fold_max(high) / 127.0f, inverse = d != 0 ? 1.0f / d : 0.0f;
  for (int i = 0; i < n; i++) {
    const float v = x[i] * inverse, low = v > -127.0f ? v : -127.0f, both = low < 127.0f ? low : 127.0f;
    const float shifted = both + 12582912.0f;  // 1.5 * 2^23: the low bits hold the number, to nearest, ties to even
    uint32_t bits;
    memcpy(&bits, &shifted, 4);
    q[i] = static_cast<int16_t>(bits);
  }
  return d;
}

template <int n>
int32_t sum(const int16_t* q) {
  int32_t s = 0;
  for (int i = 0; i < n; i++) s += q[i];
  return s;
}

size_t size32(int64_t rows, int64_t cols) { return static_cast<size_t>(rows * ((cols / 32 + 3) / 4)) * sizeof(Prepared32); }
size_t size256(int64_t rows, int64_t cols) { return static_cast<size_t>(rows * (cols / 256)) * sizeof(Prepared256); }

void prepare32(void* prepared, const float* x, int64_t x_stride, int64_t, int64_t cols, int64_t first, int64_t last) {
  const int64_t blocks = cols / 32, quads = (blocks + 3) / 4;
  for (int64_t r = first; r < last; r++) {
    Prepared32* row = static_cast<Prepared32*>(prepared) + r * quads;
    if (blocks % 4) memset(row + quads - 1, 0, sizeof(Prepared32));
    for (int64_t b = 0; b < blocks; b++) {
      Prepared32& to = row[b / 4];
      const int64_t i = b % 4;
      to.d[i] = quantize(to.q[i], x + r * x_stride + b * 32, 32);
      to.sum[i] = to.d[i] * static_cast<float>(sum<32>(to.q[i]));
    }
  }
}

void prepare256(void* prepared, const float* x, int64_t x_stride, int64_t, int64_t cols, int64_t first, int64_t last) {
  const int64_t blocks = cols / 256;
  for (int64_t r = first; r < last; r++) {
    for (int64_t b = 0; b < blocks; b++) {
      Prepared256& to = static_cast<Prepared256*>(prepared)[r * blocks + b];
      to.d = quantize(to.q, x + r * x_stride + b * 256, 256);
      for (int i = 0; i < 16; i++) to.sum16[i] = static_cast<int16_t>(sum<16>(to.q + 16 * i));
    }
  }
}

}  // namespace

extern const Prepare prepare_q8_32 = {size32, prepare32, 1};
extern const Prepare prepare_q8_256 = {size256, prepare256, 1};

}  // namespace lt::cpu::LT_ISA
