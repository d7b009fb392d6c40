#version 460
//! size 16 64 128 256
// The recurrences of RWKV 6 and 7 (Peng et al. 2024, 2025): 64 columns of a head of a sequence a group, a column an invocation, which walks
// the rows in order with the column's state, of at most SIZE floats: state' = kept state + replaces (removes state) + k v; y = r state', or,
// with a bonus, r (state + bonus k v). Sums are ascending, one fused multiply-add each.
#include "core.glsl"
#include "exponential.glsl"
layout(local_size_x = 64) in;
struct Given {
  Floats y, r, k, v, decay, bonus, removes, replaces, states;
  Ints starts, reads, writes;
  uint y_stride, r_stride, k_stride, v_stride, decay_stride, removes_stride, replaces_stride, state_stride, starts_stride, reads_stride,
      writes_stride;
  uint heads, size, dim, nested, has_bonus, replacing, sequences;
};
layout(buffer_reference, std430, buffer_reference_align = 8) readonly buffer Parameters { Given all; };
layout(push_constant) uniform Push { Parameters parameters; };
Given given;

// Of a row, what all columns want: zeros behind the state's floats.
shared float queries[SIZE];
shared float keys[SIZE];
shared float fades[SIZE];
shared float extra[SIZE];  // the bonus times k
shared float removed[SIZE];
shared float replaced[SIZE];

void load_row(uint t, uint r, uint h) {
  for (uint i = t; i < SIZE; i += 64u) {
    const bool in_state = i < given.size;
    const uint c = h * given.size + min(i, given.size - 1u);
    const float k = given.k.at[r * given.k_stride + c], decay = given.decay.at[r * given.decay_stride + c];
    queries[i] = in_state ? given.r.at[r * given.r_stride + c] : 0.0;
    keys[i] = in_state ? k : 0.0;
    fades[i] = in_state ? exponential(given.nested != 0u ? -exponential(decay) : decay) : 0.0;
    extra[i] = in_state && given.has_bonus != 0u ? given.bonus.at[c] * k : 0.0;
    const bool replacing = in_state && given.replacing != 0u;
    removed[i] = replacing ? given.removes.at[r * given.removes_stride + c] : 0.0;
    replaced[i] = replacing ? given.replaces.at[r * given.replaces_stride + c] : 0.0;
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
float walk(inout float state[SIZE], float v) {
  precise float held = 0.0, read = 0.0;
  if (given.replacing != 0u) {
    [[unroll]] for (uint i = 0u; i < SIZE; i++) held = fma(removed[i], state[i], held);
  }
  [[unroll]] for (uint i = 0u; i < SIZE; i++) {
    const float before = state[i];
    precise float after = fades[i] * before;
    if (given.replacing != 0u) after = fma(replaced[i], held, after);
    after = fma(keys[i], v, after);
    precise float seen = given.has_bonus != 0u ? fma(extra[i], v, before) : after;
    read = fma(queries[i], seen, read);
    state[i] = after;
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
    const float read = walk(state, given.v.at[r * given.v_stride + column]);
    if (mine) given.y.at[r * given.y_stride + column] = read;
    const int to = given.writes.at[r * given.writes_stride];
    if (to >= 0 && mine) keep(state, uint(to) * given.state_stride + first);
  }
}
