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
  Coded coded[parts], tried[parts];

  void encode(const float* values, const float* weights, bool unbiased, typename T::Block& out) {
    memset(&out, 0, sizeof out);
    if (!take(values, weights)) return;
    for (int p = 0; p < parts; p++) {
      scales.part[p].take(x + p * T::values, w + p * T::values);
      worth.measure(scales.part[p]);
      scales.draw(p, worth, 1.0f / 128);
    }
    uint16_t half = scales.search(half_scale);
    if (half == 0) return;
    Fit fit = code(half_scale.of(half), coded);
    const uint16_t next = half_scale.nearest(fit.better);
    if (next != half && next != 0) {
      const Fit other = code(half_scale.of(next), tried);
      if (other.gain > fit.gain) fit = other, half = next, memcpy(coded, tried, sizeof coded);
    }
    if (!(fit.gain > 0)) return;
    if (unbiased) half = raised(half, fit.pulled);
    for (int p = 0; p < parts; p++) T::put(out, p, coded[p]);
    T::put_scale(out, half);
  }

 private:
  struct Fit {
    double gain, pulled;  // over zeros; sum w x y at D = 1
    float better;         // the D that fits the points best
  };

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

  // The exact best points of each part at D and the best of three steps.
  Fit code(float D, Coded* out) {
    double total = 0, pulled = 0, weighed = 0;
    for (int p = 0; p < parts; p++) {
      const P& part = scales.part[p];
      worth.measure(part);
      const int low = scales.step[p] == 0 ? 0 : scales.step[p] + 2 < T::steps ? scales.step[p] - 1 : T::steps - 3;
      float s[3];
      for (int k = 0; k < 3; k++) s[k] = D * static_cast<float>(2 * (low + k) + 1);
      float most[P::lists][3], of[P::lists];
      for (int l = 0; l < P::lists; l++)
        if (part.used(l)) most_at<P::entries, 3>(worth.xs(l), worth.ws(l), s, most[l]);
      float peak = never;
      int best = 0;
      for (int k = 0; k < 3; k++) {
        for (int l = 0; l < P::lists; l++) of[l] = part.used(l) ? most[l][k] : 0.0f;
        const float gain = s[k] * part.together(of);
        if (gain > peak) peak = gain, best = k;
      }
      for (int l = 0; l < P::lists; l++) of[l] = part.used(l) ? most[l][best] : 0.0f;
      int chosen[P::points];
      part.choose(of, chosen);
      out[p].step = low + best;
      const double m = 2 * out[p].step + 1;
      for (int i = 0; i < P::points; i++) {
        const int l = chosen[i], point = find_point<P::entries>(worth.xs(l), worth.ws(l), s[best], of[l]);
        pulled += m * double{worth.xs(l)[point]} / 2, weighed += m * m * double{worth.ws(l)[point]};
        out[p].points[i] = point + (T::same_shift && l % 2 ? P::entries : 0);
      }
      part.write_signs(out[p]);
      total += double{peak};
    }
    return {total, pulled, weighed > 0 ? static_cast<float>(pulled / weighed) : D};
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
