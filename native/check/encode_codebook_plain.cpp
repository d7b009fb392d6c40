// The code book types for checks, and the plainest search there is: every point with every choice of signs that matters.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "check/encode_codebook.h"
#include "quant/grids/point.h"
#include "quant/iq1_m.h"
#include "quant/iq1_s.h"
#include "quant/iq2_s.h"
#include "quant/iq2_xs.h"
#include "quant/iq2_xxs.h"
#include "quant/iq3_s.h"
#include "quant/iq3_xxs.h"

namespace lt::check {
namespace {

constexpr double never = 1e300;

template <class T>
float half_of(const uint8_t* block) {
  typename T::Block b;
  std::memcpy(&b, block, sizeof b);
  return quant::half_to_float(b.d);
}

float scale_iq1_s(const uint8_t* block, int part) {
  quant::IQ1_S::Block b;
  std::memcpy(&b, block, sizeof b);
  return quant::half_to_float(b.d) * static_cast<float>(2 * ((b.qh[part] >> 12) & 7) + 1);
}
float scale_iq1_m(const uint8_t* block, int part) {
  quant::IQ1_M::Block b;
  std::memcpy(&b, block, sizeof b);
  return quant::IQ1_M::super_scale(b) * static_cast<float>(2 * (b.scales[part / 4] >> (3 * (part % 4)) & 7) + 1);
}
float scale_iq2_xxs(const uint8_t* block, int part) {
  return half_of<quant::IQ2_XXS>(block) * 0.25f * (0.5f + static_cast<float>(block[2 + 8 * part + 7] >> 4));
}
template <class T>
float scale_iq2_xs(const uint8_t* block, int part) {
  typename T::Block b;
  std::memcpy(&b, block, sizeof b);
  return quant::half_to_float(b.d) * 0.25f * (0.5f + static_cast<float>(quant::nibble(b.scales[part / 2], part % 2)));
}
float scale_iq3_xxs(const uint8_t* block, int part) {
  return half_of<quant::IQ3_XXS>(block) * 0.5f * (0.5f + static_cast<float>(block[66 + 4 * part + 3] >> 4));
}
float scale_iq3_s(const uint8_t* block, int part) {
  quant::IQ3_S::Block b;
  std::memcpy(&b, block, sizeof b);
  return quant::half_to_float(b.d) * static_cast<float>(1 + 2 * quant::nibble(b.scales[part / 2], part % 2));
}

const Codebook all[] = {
    {"iq1_s",
     Type{19},
     8,
     2048,
     32,
     false,
     true,
     true,
     [](uint32_t i, float* y) { quant::iq1_point(quant::iq1_s_code(i), 0, 1, y); },
     scale_iq1_s,
     {0.44691, 0.53922, 0.54248, 0.46071, 0.30850, 0.40994, 0.47381, 0.31485}},
    {"iq1_m",
     Type{29},
     8,
     2048,
     16,
     false,
     true,
     false,
     [](uint32_t i, float* y) { quant::iq1_point(quant::iq1_s_code(i), 0, 1, y); },
     scale_iq1_m,
     {0.41836, 0.45237, 0.41642, 0.38593, 0.25153, 0.30602, 0.34265, 0.25022}},
    {"iq2_xxs",
     Type{16},
     8,
     256,
     32,
     true,
     false,
     false,
     [](uint32_t i, float* y) { quant::iq2_point(quant::iq2_xxs_code(i), 0, 1, y); },
     scale_iq2_xxs,
     {0.32463, 0.41806, 0.52805, 0.50309, 0.18931, 0.27512, 0.40986, 0.34771}},
    {"iq2_xs",
     Type{17},
     8,
     512,
     16,
     true,
     false,
     false,
     [](uint32_t i, float* y) { quant::iq2_point(quant::iq2_xs_code(i), 0, 1, y); },
     scale_iq2_xs<quant::IQ2_XS>,
     {0.28319, 0.35128, 0.42524, 0.43949, 0.15651, 0.23301, 0.31840, 0.29926}},
    {"iq2_s",
     Type{22},
     8,
     1024,
     16,
     false,
     false,
     false,
     [](uint32_t i, float* y) { quant::iq2_point(quant::iq2_s_code(i), 0, 1, y); },
     scale_iq2_xs<quant::IQ2_S>,
     {0.23937, 0.33601, 0.41568, 0.43702, 0.14784, 0.22931, 0.31554, 0.29895}},
    {"iq3_xxs",
     Type{18},
     4,
     256,
     32,
     true,
     false,
     false,
     [](uint32_t i, float* y) { quant::iq3_xxs_point(quant::iq3_xxs_code(i), 0, 1, y); },
     scale_iq3_xxs,
     {0.17427, 0.20974, 0.23673, 0.27159, 0.08851, 0.13938, 0.20531, 0.16847}},
    {"iq3_s",
     Type{21},
     4,
     512,
     32,
     false,
     false,
     false,
     [](uint32_t i, float* y) { quant::iq3_s_point(quant::iq3_s_code(i), 0, 1, y); },
     scale_iq3_s,
     {0.12931, 0.16903, 0.19602, 0.23270, 0.07490, 0.13217, 0.18947, 0.16331}},
};

// Of width values; `flips` of their signs against x: any (-1: as many as help), an even (0) or an odd number (1). Where each sign
// costs something, no more than one is against x.
double nearest(const Codebook& t, const float* x, const float* w, float scale, int flips) {
  double least = never;
  for (int p = 0; p < t.points; p++) {
    float y[8];
    t.point(static_cast<uint32_t>(p), y);
    double error = 0, extra = never;
    for (int i = 0; i < t.width; i++) {
      const double weight = w ? double{w[i]} : 1, size = std::abs(double{x[i]}), v = double{scale} * double{y[i]};
      error += weight * (size - v) * (size - v);
      extra = std::min(extra, weight * ((size + v) * (size + v) - (size - v) * (size - v)));
    }
    least = std::min(least, flips == 1 ? error + extra : error);
  }
  return least;
}

double nearest_shifted(const Codebook& t, const float* x, const float* w, float scale, double shift) {
  double least = never;
  for (int p = 0; p < t.points; p++) {
    float y[8];
    t.point(static_cast<uint32_t>(p), y);
    double error = 0;
    for (int i = 0; i < 8; i++) {
      const double e = double{x[i]} - double{scale} * (double{y[i]} + shift);
      error += (w ? double{w[i]} : 1) * e * e;
    }
    least = std::min(least, error);
  }
  return least;
}

double least_shifted(const Codebook& t, const float* x, const float* w, float scale) {
  double up = 0, down = 0, either = 0;
  for (int i = 0; i < t.part; i += 8) {
    const double a = nearest_shifted(t, x + i, w ? w + i : w, scale, 0.125), b = nearest_shifted(t, x + i, w ? w + i : w, scale, -0.125);
    up += a, down += b, either += std::min(a, b);
  }
  return t.same_shift ? std::min(up, down) : either;
}

// Eight values that share their signs' parity: one point, or two of which one has an odd number of wrong signs.
double least_eight(const Codebook& t, const float* x, const float* w, float scale) {
  const int odd = t.even && std::count_if(x, x + 8, [](float v) { return v < 0; }) % 2;
  if (t.width == 8) return nearest(t, x, w, scale, odd);
  const float* w4 = w ? w + 4 : w;
  const double both = nearest(t, x, w, scale, 0) + nearest(t, x + 4, w4, scale, odd);
  return odd ? std::min(both, nearest(t, x, w, scale, 1) + nearest(t, x + 4, w4, scale, 0)) : both;
}

}  // namespace

std::span<const Codebook> codebooks() { return all; }

double least_error(const Codebook& t, const float* x, const float* weights, float scale) {
  if (t.shifts) return least_shifted(t, x, weights, scale);
  double error = 0;
  for (int i = 0; i < t.part; i += 8) error += least_eight(t, x + i, weights ? weights + i : weights, scale);
  return error;
}

}  // namespace lt::check
