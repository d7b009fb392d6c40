// Encodes a row into the super-blocks of a code book's type: scales on lines, then the exact best points and signs.
#pragma once
#include "encode/kernels/codebook_scales.h"

namespace lt::encode::LT_ISA {
namespace {

template <class T>
struct SuperBlock {
  using S = Scales<T>;
  using P = Part<T>;
  static constexpr int parts = S::parts;

  Worth<T> worth;
  S scales;
  HalfScale half_scale;
  alignas(64) float x[256], w[256];
  Coded coded[parts];

  void encode(const float* values, const float* weights, bool unbiased, typename T::Block& out) {
    memset(&out, 0, sizeof out);
    if (!take(values, weights)) return;
    for (int p = 0; p < parts; p++) {
      scales.part[p].take(x + p * T::values, w + p * T::values);
      scales.draw(p, worth, 1.0f / 128);
    }
    uint16_t half = scales.search(half_scale);
    if (half == 0) return;
    Fit fit = code(half_scale.of(half));
    for (int turn = 0; turn < 3 && moves(half, fit); turn++) fit = code(half_scale.of(half));
    if (!(fit.gain > 0)) return;
    if (unbiased) half = raised(half, fit.pulled);
    for (int p = 0; p < parts; p++) T::put(out, p, coded[p]);
    T::put_scale(out, half);
  }

 private:
  struct Fit {
    double gain, pulled, weighed;  // over zeros; sum w x y and sum w y² at D = 1
  };

  // Moves to the D that fits the points best by least squares, unless that is next to it. No point chosen there gives less.
  bool moves(uint16_t& half, const Fit& fit) const {
    if (!(fit.pulled > 0 && fit.weighed > 0)) return false;
    const uint16_t next = half_scale.nearest(static_cast<float>(fit.pulled / fit.weighed));
    if (next == 0 || (next <= half + 2 && half <= next + 2)) return false;
    half = next;
    return true;
  }

  // To where sum w x y = sum w x²; at most doubled, as where next to nothing is hit.
  uint16_t raised(uint16_t half, double pulled) const {
    double squares = 0;
    for (int i = 0; i < 256; i++) squares += double{w[i]} * double{x[i]} * double{x[i]};
    const double D = squares / pulled, most = 2 * double{half_scale.of(half)};
    return half_scale.nearest(static_cast<float>(D < most ? D : most));
  }

  // Values and weights in the range that the sums need; false where all values are zero.
  bool take(const float* values, const float* weights) {
    float largest = 0, heaviest = 0;
    for (int i = 0; i < 256; i++) {
      const float size = fabsf(values[i]);
      largest = size > largest ? size : largest;
      w[i] = weights[i] > 0 ? (weights[i] < 3e38f ? weights[i] : 3e38f) : 0.0f;
      heaviest = w[i] > heaviest ? w[i] : heaviest;
    }
    if (largest == 0) return false;
    half_scale.unit = T::unit;
    frexp(static_cast<double>(largest), &half_scale.exponent);
    int weight_exponent = 0;
    frexp(static_cast<double>(heaviest), &weight_exponent);
    const double shrink = ldexp(1.0, -half_scale.exponent), lighten = ldexp(1.0, -weight_exponent);
    for (int i = 0; i < 256; i++) {
      x[i] = static_cast<float>(static_cast<double>(values[i]) * shrink);
      w[i] = heaviest > 0 ? static_cast<float>(static_cast<double>(w[i]) * lighten) : 1.0f;
    }
    return true;
  }

  // The exact best points of each part at D and its step.
  Fit code(float D) {
    Fit fit{0, 0, 0};
    for (int p = 0; p < parts; p++) {
      const P& part = scales.part[p];
      const double m = 2 * scales.step[p] + 1;
      const float scale = D * static_cast<float>(m);
      Best best[P::lists];
      worth.best(part, scale, best);
      float gains[P::lists];
      for (int l = 0; l < P::lists; l++) gains[l] = part.used(l) ? best[l].gain : 0;
      fit.gain += double{scale * part.together(gains)};
      int chosen[P::points];
      part.choose(gains, chosen);
      coded[p].step = scales.step[p];
      for (int i = 0; i < P::points; i++) {
        const Best& b = best[chosen[i]];
        fit.pulled += m * double{b.twice_x} / 2, fit.weighed += m * m * double{b.w};
        coded[p].points[i] = b.point + (T::same_shift && chosen[i] % 2 ? P::entries : 0);
      }
      part.write_signs(coded[p]);
    }
    return fit;
  }
};

template <class T>
void encode_row(const Row& row, void* blocks) {
  SuperBlock<T> block;
  for (int64_t i = 0; i < row.cols / 256; i++)
    block.encode(row.x + i * 256, row.weights + i * 256, row.unbiased, static_cast<typename T::Block*>(blocks)[i]);
}

}  // namespace
}  // namespace lt::encode::LT_ISA
