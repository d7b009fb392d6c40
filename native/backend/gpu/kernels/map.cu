// y = outer * act(inner * a), times b or plus b.
#include "backend/gpu/backend.h"

namespace lt::gpu::LT_GPU {
namespace {

struct MapArgs {
  View y, a, b;           // b of one row: stride 0; without data: none
  int64_t cols, stretch;  // stretch: columns of y that share a number of b
  Map map;
};

LT_DEVICE float between(float x, float low, float high) { return x < low ? low : x > high ? high : x; }
LT_DEVICE float sigmoid(float x) { return 1 / (1 + expf(-x)); }

LT_DEVICE float activate(float x, const Map& m) {
  switch (m.act) {
    case Act::none:
    case Act::swiglu:
      return x;
    case Act::silu:
      return x / (1 + expf(-x));  // Elfwing et al. 2017
    case Act::gelu:  // Hendrycks & Gimpel 2016, here and below: (1 + erf(z)) / 2 = erfc(-z) / 2, (1 + tanh(z)) / 2 = 1 / (1 + e^-2z)
      return 0.5f * x * erfcf(x * -0.707106781186547524f);
    case Act::gelu_tanh:
      return x / (1 + expf(-1.59576912160573071f * fmaf(0.044715f * x * x, x, x)));
    case Act::relu:
      return x < 0 ? 0 : x;
    case Act::relu2:
      return x < 0 ? 0 : x * x;  // So et al. 2021
    case Act::sigmoid:
      return sigmoid(x);
    case Act::softplus:
      return x > 0 ? x + log1pf(expf(-x)) : log1pf(expf(x));
    case Act::tanh:
      return tanhf(x);
    case Act::elu:
      return x > 0 ? x : expm1f(x);  // Clevert et al. 2015
    case Act::clamp:
      return between(x, -m.limit, m.limit);
  }
  return x;
}

LT_DEVICE float swiglu(float a, float b, const Map& m) {
  const float g = a > m.limit ? m.limit : a;
  return m.outer * (g * sigmoid(m.inner * g) * (between(b, -m.limit, m.limit) + 1));
}

LT_KERNEL(256) map_columns(MapArgs p) {
  const int64_t r = block_x(), c = block_y() * threads() + thread();
  if (c >= p.cols) return;
  const float a = p.a.row<float>(r)[c];
  float& y = p.y.row<float>(r)[c];
  if (!p.b.data) {
    y = p.map.outer * activate(p.map.inner * a, p.map);
    return;
  }
  const float b = p.b.row<float>(r)[p.stretch == 1 ? c : c / p.stretch];
  if (p.map.act == Act::swiglu) {
    y = swiglu(a, b, p.map);
    return;
  }
  const float x = p.map.outer * activate(p.map.inner * a, p.map);
  y = p.map.adds ? x + b : x * b;
}

}  // namespace

void Gpu::map(Tensor y, Tensor a, Tensor b, const Map& m) {
  if (y.rows == 0) return;
  MapArgs args{y, a, b, y.cols, b ? y.cols / b.cols : 1, m};
  if (b.rows == 1) args.b.stride = 0;
  launch(on(), "map", map_columns, {y.rows, parts(y.cols, 256)}, 256, 0, args);
}

}  // namespace lt::gpu::LT_GPU
