#version 460
// y[r][c] = b[c] + the sum over i of x[r - width + 1 + i][c] * w[c][i], i ascending, one fused multiply-add each; rows before the sequence's
// first are in its state. A column of a sequence an invocation, which walks the rows in order.
#include "core.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Floats y, x, states, w, b;
  Ints starts, reads, writes;
  uint y_stride, x_stride, state_stride, w_stride, starts_stride, reads_stride, writes_stride, cols, width, biased, sequences;
};
const uint widest = 8u;  // as in conv.cpp; what is narrower lies at the end

// Row i of a state is the value `unused + i` of those in sight.
void load(int slot, uint c, uint unused, out float past[widest]) {
  [[unroll]] for (uint k = 0u; k + 1u < widest; k++)
    past[k] = slot >= 0 && k >= unused ? states.at[uint(slot) * state_stride + (k - unused) * cols + c] : 0.0;
  past[widest - 1u] = 0.0;
}

void keep(int slot, uint c, uint unused, float past[widest]) {
  if (slot < 0) return;
  [[unroll]] for (uint k = 0u; k + 1u < widest; k++) {
    if (k >= unused) states.at[uint(slot) * state_stride + (k - unused) * cols + c] = past[k];
  }
}

void main() {
  const uint c = gl_GlobalInvocationID.x, s = group_down(), unused = widest - width;
  if (c >= cols || s >= sequences) return;
  float past[widest], weights[widest];
  load(reads.at[s * reads_stride], c, unused, past);
  [[unroll]] for (uint k = 0u; k < widest; k++) weights[k] = k >= unused ? w.at[c * w_stride + k - unused] : 0.0;
  const float bias = biased != 0u ? b.at[c] : 0.0;
  const uint end = uint(starts.at[(s + 1u) * starts_stride]);
  for (uint r = uint(starts.at[s * starts_stride]); r < end; r++) {
    past[widest - 1u] = x.at[r * x_stride + c];
    precise float sum = bias;
    [[unroll]] for (uint k = 0u; k < widest; k++) {
      if (k >= unused) sum = fma(past[k], weights[k], sum);
    }
    y.at[r * y_stride + c] = sum;
    [[unroll]] for (uint k = 0u; k + 1u < widest; k++) past[k] = past[k + 1u];
    keep(writes.at[r * writes_stride], c, unused, past);
  }
}
