// What each point of a code book is worth for a few values, and which is the best at a scale.
//
// A point g at scale s leaves sum w (x - s g)² = sum w x² - s (2X - s W), X = sum w x g, W = sum w g²: at a given s the best point
// has the largest 2X - s W, a line over s. X and W do not depend on s, so they are computed once for all scales that are tried.
#pragma once
#include "encode/kernels.h"
#include "simd/simd_best.h"

namespace lt::encode::LT_ISA {
namespace {

// Sixteens of points: [first, last), which hold all whose last value has a level of [low, high).
struct Window {
  int first, last, low, high;
};

// twice_x[p * points + i] = sum over the values of pull[p] * g_i, w[...] = sum of weight[p] * g_i²; pull is 2 w x.
template <int width, int points, int together>
void measure_points(const float* book, const float* pull, const float* weight, Window window, float* twice_x, float* w) {
  for (int v = window.first; v < window.last; v++) {
    f32x16 x[together], squares[together];
    for (int p = 0; p < together; p++) x[p] = squares[p] = zero();
    LT_UNROLL for (int i = 0; i < width; i++) {
      const f32x16 g = load(book + (v * width + i) * 16), g2 = g * g;
      LT_UNROLL for (int p = 0; p < together; p++) {
        x[p] = fma(g, set1(pull[p * width + i]), x[p]);
        squares[p] = fma(g2, set1(weight[p * width + i]), squares[p]);
      }
    }
    for (int p = 0; p < together; p++) {
      store(twice_x + p * points + v * 16, x[p]);
      store(w + p * points + v * 16, squares[p]);
    }
  }
}

// out = twice_x where the sign of one value is wrong, the one that costs least.
template <int width>
void flip_one(const float* book, const float* pull, Window window, const float* twice_x, float* out) {
  for (int v = window.first; v < window.last; v++) {
    f32x16 least = load(book + v * width * 16) * set1(pull[0]);
    LT_UNROLL for (int i = 1; i < width; i++) least = min(load(book + (v * width + i) * 16) * set1(pull[i]), least);
    store(out + v * 16, fma(set1(-2.0f), least, load(twice_x + v * 16)));
  }
}

// The lines that are highest at some scales; lanes beyond `drawn` never are.
struct Lines {
  alignas(64) float twice_x[16], w[16];
};

constexpr int drawn = 7;
constexpr float never = -1e30f;

// The highest at each of the scales, but for differences of 2^-12 or so.
template <int points>
void highest(const float* twice_x, const float* w, Window window, const float* scales, Lines& lines) {
  f32x16 best[drawn], s[drawn];
  for (int k = 0; k < drawn; k++) best[k] = set1(never), s[k] = set1(-scales[k]);
  for (int v = window.first; v < window.last; v++) {
    const f32x16 xs = load(twice_x + v * 16), ws = load(w + v * 16);
    LT_UNROLL for (int k = 0; k < drawn; k++) best[k] =
        max(best[k], tagged(fma(s[k], ws, xs), ~uint32_t{points - 1}, static_cast<uint32_t>(v) * 16));
  }
  store(lines.twice_x, set1(never)), store(lines.w, zero());
  for (int k = 0; k < drawn; k++) {
    const float most = fold_max(tagged_by_lane(best[k]));
    uint32_t bits;
    memcpy(&bits, &most, 4);
    const uint32_t point = bits & (points - 1);
    lines.twice_x[k] = twice_x[point];
    lines.w[k] = w[point];
  }
}

// The exact maximum of 2X - s W.
LT_INLINE float most_at(const float* twice_x, const float* w, Window window, float scale) {
  f32x16 best = set1(never);
  const f32x16 s = set1(-scale);
  for (int v = window.first; v < window.last; v++) best = max(best, fma(s, load(w + v * 16), load(twice_x + v * 16)));
  return fold_max(best);
}

// 15 where there is none below.
LT_INLINE int lowest_bit(uint32_t bits) {
#if defined(__GNUC__)
  return __builtin_ctz(bits | 0x8000);
#else
  int n = 0;
  while (n < 15 && !(bits >> n & 1)) n++;
  return n;
#endif
}

// The first point whose 2X - s W is `most`.
LT_INLINE int find_point(const float* twice_x, const float* w, Window window, float scale, float most) {
  for (int v = window.first; v < window.last; v++) {
    const uint32_t lanes = equal_lanes(fma(set1(-scale), load(w + v * 16), load(twice_x + v * 16)), set1(most));
    if (lanes) return v * 16 + lowest_bit(lanes);
  }
  return window.first * 16;
}

// The highest of the lines at each of 16 scales, whose negatives are given.
LT_INLINE f32x16 envelope(const Lines& lines, f32x16 negative_scales) {
  f32x16 most = fma(set1(lines.w[0]), negative_scales, set1(lines.twice_x[0]));
  for (int k = 1; k < drawn; k++) most = max(most, fma(set1(lines.w[k]), negative_scales, set1(lines.twice_x[k])));
  return most;
}

}  // namespace
}  // namespace lt::encode::LT_ISA
