#version 460
//! size 16 64 128 256
// The gated delta rule (Yang et al. 2024): 64 columns of a value head of a sequence a group, a column an invocation, which walks the rows in
// order with the column's state, of at most SIZE floats:
// state = exp(decay) state; state += k beta (v - k state), one fused multiply-add; y = q state. Sums are ascending, one fused multiply-add
// each.
#include "core.glsl"
#include "exponential.glsl"
layout(local_size_x = 64) in;
struct Given {
  Floats y, q, k, v, decay, beta, states;
  Ints starts, reads, writes;
  uint y_stride, q_stride, k_stride, v_stride, decay_stride, beta_stride, state_stride, starts_stride, reads_stride, writes_stride;
  uint key_heads, value_heads, size, dim, decays, tiled, sequences;
};
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer Parameters { Given all; };
layout(push_constant) uniform Push { Parameters parameters; };
Given given;

// Of a row, what all columns want: zeros behind the state's floats.
shared float fades[SIZE];
shared float keys[SIZE];
shared float queries[SIZE];

void load_row(uint t, uint r, uint h) {
  const uint head = given.tiled != 0u ? h % given.key_heads : h * given.key_heads / given.value_heads;
  for (uint i = t; i < SIZE; i += 64u) {
    const bool in_state = i < given.size;
    keys[i] = in_state ? given.k.at[r * given.k_stride + head * given.size + i] : 0.0;
    queries[i] = in_state ? given.q.at[r * given.q_stride + head * given.size + i] : 0.0;
    const uint decay = r * given.decay_stride + h * given.decays + (given.decays > 1u ? i : 0u);
    fades[i] = in_state ? exponential(given.decay.at[decay]) : 0.0;
  }
}

// A column's state, whose first float lies at `at`.
void load(out float state[SIZE], uint at) {
  [[unroll]] for (uint i = 0u; i < SIZE; i++) state[i] = i < given.size ? given.states.at[at + i * given.dim] : 0.0;
}
void keep(float state[SIZE], uint at) {
  [[unroll]] for (uint i = 0u; i < SIZE; i++) {
    if (i < given.size) given.states.at[at + i * given.dim] = state[i];
  }
}

// One row: the state moves on, and is read.
float walk(inout float state[SIZE], float v, float beta) {
  precise float held = 0.0, read = 0.0;
  [[unroll]] for (uint i = 0u; i < SIZE; i++) {
    precise float kept = fades[i] * state[i];
    held = fma(keys[i], kept, held);
    state[i] = kept;
  }
  precise float change = beta * (v - held);
  [[unroll]] for (uint i = 0u; i < SIZE; i++) {
    precise float changed = fma(keys[i], change, state[i]);
    read = fma(queries[i], changed, read);
    state[i] = changed;
  }
  return read;
}

void main() {
  given = parameters.all;
  const uint t = gl_LocalInvocationID.x, s = group_down(), blocks = (given.dim + 63u) / 64u;
  const uint h = gl_WorkGroupID.x / blocks, c = gl_WorkGroupID.x % blocks * 64u + t;
  if (s >= given.sequences) return;
  const bool mine = c < given.dim;
  const uint column = h * given.dim + min(c, given.dim - 1u), first = h * given.size * given.dim + min(c, given.dim - 1u);
  const int from = given.reads.at[s * given.reads_stride];
  float state[SIZE];
  [[unroll]] for (uint i = 0u; i < SIZE; i++) state[i] = 0.0;
  if (from >= 0) load(state, uint(from) * given.state_stride + first);
  const uint end = uint(given.starts.at[(s + 1u) * given.starts_stride]);
  for (uint r = uint(given.starts.at[s * given.starts_stride]); r < end; r++) {
    barrier();
    load_row(t, r, h);
    barrier();
    const float read = walk(state, given.v.at[r * given.v_stride + column], given.beta.at[r * given.beta_stride + h]);
    if (mine) given.y.at[r * given.y_stride + column] = read;
    const int to = given.writes.at[r * given.writes_stride];
    if (to >= 0 && mine) keep(state, uint(to) * given.state_stride + first);
  }
}
