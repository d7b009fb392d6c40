// A column of x in a sequence an invocation, which walks the rows in order with the column's state, of at most SIZE floats:
// state = exp(dt a) state + (dt x) b, one fused multiply-add; y = state c + d x, state ascending, one fused multiply-add each.
#include "core.glsl"
#include "exponential.glsl"
layout(local_size_x = 64) in;
struct Given {
  Floats y, x, dt, b, c, states, a, d;
  Ints starts, reads, writes;
  uint y_stride, x_stride, dt_stride, b_stride, c_stride, state_stride, a_stride, starts_stride, reads_stride, writes_stride;
  uint cols, heads, groups, size, sequences;
};
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer Parameters { Given all; };
layout(push_constant) uniform Push { Parameters parameters; };
Given given;

// A column's state, whose first float lies at `at`.
void load(out float state[SIZE], uint at) {
  [[unroll]] for (uint j = 0u; j < SIZE; j++) state[j] = j < given.size ? given.states.at[at + j] : 0.0;
}
void keep(float state[SIZE], uint at) {
  [[unroll]] for (uint j = 0u; j < SIZE; j++) {
    if (j < given.size) given.states.at[at + j] = state[j];
  }
}

// One row: the state moves on, and is read. Rows of b and c begin at `from_b` and `from_c`.
float walk(inout float state[SIZE], uint head, float dt, float x, uint from_b, uint from_c) {
  precise float drive = dt * x, sum = 0.0;
#ifndef EACH
  precise float rate = dt * given.a.at[head * given.a_stride];
  const float fade = exponential(rate);
#endif
  [[unroll]] for (uint j = 0u; j < SIZE; j++) {
    const uint i = min(j, given.size - 1u);  // what is behind the state's floats stays zero
#ifdef EACH
    precise float rate = dt * given.a.at[head * given.a_stride + i];
    const float fade = exponential(rate);
#endif
    const float in_b = given.b.at[from_b + i];
    precise float v = fade * state[j];
    v = fma(drive, j < given.size ? in_b : 0.0, v);
    sum = fma(v, given.c.at[from_c + i], sum);
    state[j] = v;
  }
  precise float y = fma(given.d.at[head], x, sum);
  return y;
}

void main() {
  given = parameters.all;
  const uint column = gl_GlobalInvocationID.x, s = group_down();
  if (column >= given.cols || s >= given.sequences) return;
  const uint head = column / (given.cols / given.heads), group = head * given.groups / given.heads;
  const int from = given.reads.at[s * given.reads_stride];
  float state[SIZE];
  [[unroll]] for (uint j = 0u; j < SIZE; j++) state[j] = 0.0;
  if (from >= 0) load(state, uint(from) * given.state_stride + column * given.size);
  const uint end = uint(given.starts.at[(s + 1u) * given.starts_stride]);
  for (uint r = uint(given.starts.at[s * given.starts_stride]); r < end; r++) {
    const float dt = given.dt.at[r * given.dt_stride + head], x = given.x.at[r * given.x_stride + column];
    given.y.at[r * given.y_stride + column] =
        walk(state, head, dt, x, r * given.b_stride + group * given.size, r * given.c_stride + group * given.size);
    const int to = given.writes.at[r * given.writes_stride];
    if (to >= 0) keep(state, uint(to) * given.state_stride + column * given.size);
  }
}
