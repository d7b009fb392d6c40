// A row of the KV cache in its own type.
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {

void to_f16(uint16_t* y, const float* x, int64_t count) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) store_f16(y + i, load(x + i));
  if (const int64_t n = count - i) {
    uint16_t last[16];
    store_f16(last, load(x + i, n));
    memcpy(y + i, last, static_cast<size_t>(n) * 2);
  }
}

// To nearest, ties to even: adding 1.5 * 2^23 leaves the integer in the low bits.
LT_INLINE int8_t round_int8(float v) {
  const float t = v + 12582912.0f;
  int32_t bits;
  memcpy(&bits, &t, 4);
  return static_cast<int8_t>(bits - 0x4b400000);
}

// Q8_0 by the rule of quant/q8_0.h: d = max|x| / 127 as f16, x times 1 / d to the nearest; a block too small for d is zero, and
// a NaN or an infinity shows in d.
void to_q8_0(uint8_t* y, const float* x, int64_t count) {
  for (int64_t b = 0; b < count / 32; b++, x += 32, y += 34) {
    const f32x16 lo = load(x), hi = load(x + 16);
    const f32x16 sizes = max(max(lo, zero() - lo), max(hi, zero() - hi));
    const float d = fold_max(sizes) / 127.0f + fold_add((lo + hi) * zero());
    uint16_t half[16];
    store_f16(half, set1(d));
    memcpy(y, half, 2);
    const float inverse = (half[0] & 0x7fff) == 0 ? 0.0f : 1.0f / d;
    int8_t q[32];
    for (int i = 0; i < 32; i++) q[i] = round_int8(x[i] * inverse);
    memcpy(y + 2, q, 32);
  }
}

}  // namespace lt::cpu::LT_ISA
