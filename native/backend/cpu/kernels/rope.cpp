// Rotary embedding (Su et al., RoFormer, 2021) in place: a pair (a, b) becomes (a cos - b sin, a sin + b cos).
#include "backend/cpu/kernels/rows.h"
#include "simd/simd.h"

namespace lt::cpu::LT_ISA {

static void rotate_halves(float* a, float* b, const float* cosine, const float* sine, int64_t pairs) {
  int64_t i = 0;
  for (; i + 16 <= pairs; i += 16) {
    const f32x16 x = load(a + i), y = load(b + i), c = load(cosine + i), s = load(sine + i);
    store(a + i, x * c - y * s);
    store(b + i, x * s + y * c);
  }
  if (const int64_t n = pairs - i) {
    const f32x16 x = load(a + i, n), y = load(b + i, n), c = load(cosine + i, n), s = load(sine + i, n);
    store(a + i, x * c - y * s, n);
    store(b + i, x * s + y * c, n);
  }
}

static void rotate_neighbours(float* v, const float* cosine, const float* sine, int64_t pairs) {
  for (int64_t i = 0; i < pairs; i++) {
    const float x = v[2 * i], y = v[2 * i + 1];
    v[2 * i] = x * cosine[i] - y * sine[i];
    v[2 * i + 1] = x * sine[i] + y * cosine[i];
  }
}

void rope(float* x, const float* turn, int64_t pairs, int64_t dim, int64_t heads, bool neighbours) {
  for (int64_t h = 0; h < heads; h++) {
    float* v = x + h * dim;
    if (neighbours)
      rotate_neighbours(v, turn, turn + pairs, pairs);
    else
      rotate_halves(v, v + pairs, turn, turn + pairs, pairs);
  }
}

}  // namespace lt::cpu::LT_ISA
