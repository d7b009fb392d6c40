// Q8_0: d, then a signed byte a value.
WINDOW(block_at, 9, 9u)
void codes32(Words w, uint row, uint k, out uint q[8], out vec2 scale, out float least) {
  uint b[9];
  block_at(w, row, 34u * k, b);
  scale = vec2(half_value(b[0]));
  least = 0.0;
  [[unroll]] for (uint i = 0u; i < 8u; i++) q[i] = straddle(b[i], b[i + 1u], 16u);
}
