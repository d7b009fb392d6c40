#version 460
// y = outer * act(inner * a), times b or plus b: a column an invocation. b has a number for `stretch` columns.
#include "core.glsl"
#include "activation.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Floats y, a, b;
  uint y_stride, a_stride, b_stride, stretch, cols, rows, act, joins;  // joins: 0 there is no b, 1 times b, 2 plus b
  float inner, outer, limit;
};

// Of Act, by its number.
float activated(float x) {
  switch (act) {
    case 1u: return silu(x);
    case 2u: return gelu(x);
    case 3u: return gelu_tanh(x);
    case 4u: return max(x, 0.0);
    case 5u: return max(x, 0.0) * max(x, 0.0);  // So et al. 2021
    case 6u: return sigmoid(x);
    case 7u: return softplus(x);
    case 8u: return hyperbolic_tangent(x);
    case 9u: return clamp(x, -limit, limit);
    case 11u: return elu(x);
  }
  return x;
}

// OpenAI 2025: gate and up clamped, the gate from above alone.
float swiglu(float gate, float up) {
  precise float g = min(gate, limit), u = clamp(up, -limit, limit) + 1.0;
  precise float inside = inner * g;
  precise float s = g * sigmoid(inside) * u;
  return s;
}

void main() {
  const uint c = gl_GlobalInvocationID.x, r = group_down();
  if (c >= cols || r >= rows) return;
  const float x = a.at[r * a_stride + c];
  const float other = joins != 0u ? b.at[r * b_stride + c / stretch] : 0.0;
  precise float v, inside = inner * x;
  if (act == 10u) {
    v = outer * swiglu(x, other);
  } else {
    v = outer * activated(inside);
    if (joins == 1u) v = v * other;
    if (joins == 2u) v = v + other;
  }
  y.at[r * y_stride + c] = v;
}
