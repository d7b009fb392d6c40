// The scales of a super-block: d and a step for each part, scale = (2 step + 1) unit d, found on lines (codebook_points.h).
// D stands for unit d.
#pragma once
#include "encode/kernels/codebook_part.h"
#include "quant/block.h"

namespace lt::encode::LT_ISA {
namespace {

// Values of a super-block are divided by 2^exponent, so that the largest is in [1/2, 1); d is a half of the values as they were.
struct HalfScale {
  int exponent;
  float unit;

  float of(uint16_t half) const { return static_cast<float>(ldexp(static_cast<double>(quant::half_to_float(half) * unit), -exponent)); }
  // Of the nearest half to D that is finite.
  uint16_t nearest(float D) const {
    const double d = ldexp(static_cast<double>(D), exponent) / static_cast<double>(unit);
    return quant::float_to_half(d < 65504 ? static_cast<float>(d) : 65504.0f);
  }
};

template <class T>
struct Scales {
  static constexpr int parts = 256 / T::values;
  using P = Part<T>;

  P part[parts];
  Lines lines[parts][P::lists];
  float best[parts];  // scale of a part on its own
  int step[parts];

  // The lines of a part, around the scale that would be best if values could have any levels; then its best scale on these. Points
  // with signs of their own have their best scale lower.
  void draw(int p, Worth<T>& worth, float least) {
    static const float free_ratios[16] = {0.10f, 0.14f, 0.19f, 0.25f, 0.32f, 0.40f, 0.48f, 0.57f,
                                          0.67f, 0.78f, 0.90f, 1.03f, 1.18f, 1.35f, 1.70f, 2.50f};
    static const float ratios[2][drawn] = {{0.70f, 0.82f, 0.91f, 1.00f, 1.10f, 1.23f, 1.42f},
                                           {0.40f, 0.52f, 0.64f, 0.76f, 0.89f, 1.03f, 1.20f}};
    static const float finer[2][16] = {{0.62f, 0.67f, 0.72f, 0.77f, 0.82f, 0.86f, 0.90f, 0.95f,  //
                                        1.00f, 1.05f, 1.10f, 1.16f, 1.23f, 1.31f, 1.40f, 1.55f},
                                       {0.32f, 0.37f, 0.42f, 0.47f, 0.52f, 0.58f, 0.64f, 0.70f,  //
                                        0.76f, 0.82f, 0.89f, 0.97f, 1.05f, 1.13f, 1.22f, 1.33f}};
    constexpr int own = T::signs == Signs::own;
    const float widest = (part[p].largest > least ? part[p].largest : least) / T::book().top;
    const float free = widest * best_ratio(free_ratios, part[p].free_gain(set1(widest) * load(free_ratios)));
    float scales[drawn];
    for (int k = 0; k < drawn; k++) scales[k] = free * ratios[own][k];
    worth.draw(part[p], scales[0], scales[drawn - 1], scales, lines[p]);
    best[p] = free * best_ratio(finer[own], gain_at(part[p], lines[p], set1(free) * load(finer[own])));
  }

  // The D that gives the most, every part at the better of the two steps around its own scale; then D and the steps in turns.
  // Returns its half.
  uint16_t search(const HalfScale& scale) {
    float top = 0;
    for (int p = 0; p < parts; p++) top = best[p] > top ? best[p] : top;
    top = top / (2 * T::steps - 1);
    float D = top, most = never;
    float ratios[16];
    for (int i = 0; i < 16; i++) ratios[i] = i == 0 ? 0.35f : ratios[i - 1] * 1.0417f;
    for (int round = 0; round < 3; round++, top = top * 1.922f) most = try_units(set1(top) * load(ratios), most, D);
    const float middle = D;
    for (int i = 0; i < 16; i++) ratios[i] = 0.97f + 0.004f * static_cast<float>(i);
    try_units(set1(middle) * load(ratios), most, D);
    return settle(scale.nearest(D), scale);
  }

  // Steps and D in turns, until D stays or gives no more.
  uint16_t settle(uint16_t half, const HalfScale& scale) {
    uint16_t kept = half;
    float most = never;
    for (int turn = 0; turn < 8 && half != 0; turn++) {
      int steps[parts];
      float better;
      const float gain = choose_steps(scale.of(half), steps, better);
      if (gain <= most) break;
      most = gain, kept = half;
      memcpy(step, steps, sizeof step);
      half = scale.nearest(better);
      if (half == kept) break;
    }
    return kept;
  }

 private:
  static float best_ratio(const float* ratios, f32x16 gain) { return ratios[lowest_bit(equal_lanes(gain, set1(fold_max(gain))))]; }

  // Replaces D and `most` where one of 16 is better.
  float try_units(f32x16 units, float most, float& D) {
    f32x16 total = zero();
    const f32x16 magic = set1(12582912.0f), one = set1(1.0f), two = set1(2.0f), last = set1(T::steps - 1);
    for (int p = 0; p < parts; p++) {
      const f32x16 real = (set1(best[p]) / units - one) * set1(0.5f);
      const f32x16 low = min(max((real - set1(0.5f) + magic) - magic, zero()), last), high = min(low + one, last);
      total = total + max(gain_at(part[p], lines[p], units * fma(two, low, one)), gain_at(part[p], lines[p], units * fma(two, high, one)));
    }
    const float peak = fold_max(total);
    if (peak <= most) return most;
    float lanes[16];
    store(lanes, units);
    D = lanes[lowest_bit(equal_lanes(total, set1(peak)))];
    return peak;
  }

  // The best step of each part at D; the gain of all, and the D that fits the points so chosen by least squares.
  float choose_steps(float D, int* steps, float& better) const {
    float multiples[16];
    for (int j = 0; j < 16; j++) multiples[j] = static_cast<float>(2 * (j < T::steps ? j : T::steps - 1) + 1);
    double total = 0, pulled = 0, weighed = 0;
    for (int p = 0; p < parts; p++) {
      const f32x16 gain = gain_at(part[p], lines[p], set1(D) * load(multiples));
      const float peak = fold_max(gain);
      steps[p] = lowest_bit(equal_lanes(gain, set1(peak)));
      total += double{peak};
      const double m = 2 * steps[p] + 1;
      double twice_x, w;
      fit(p, D * static_cast<float>(m), twice_x, w);
      pulled += m * twice_x / 2, weighed += m * m * w;
    }
    better = weighed > 0 ? static_cast<float>(pulled / weighed) : D;
    return static_cast<float>(total);
  }

  void fit(int p, float scale, double& twice_x, double& w) const {
    float of[P::lists], x_of[P::lists], w_of[P::lists];
    for (int l = 0; l < P::lists; l++) {
      if (!part[p].used(l)) continue;
      const Lines& line = lines[p][l];
      const f32x16 at = fma(set1(-scale), load(line.w), load(line.twice_x));
      of[l] = fold_max(at);
      const int k = lowest_bit(equal_lanes(at, set1(of[l])));
      x_of[l] = line.twice_x[k], w_of[l] = line.w[k];
    }
    int chosen[P::points];
    part[p].choose(of, chosen);
    twice_x = w = 0;
    for (const int l : chosen) twice_x += double{x_of[l]}, w += double{w_of[l]};
  }
};

}  // namespace
}  // namespace lt::encode::LT_ISA
