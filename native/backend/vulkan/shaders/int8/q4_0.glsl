// Q4_0: d, then 16 bytes, the low nibbles before the high ones: d * (q - 8).
WINDOW(block_at, 5, 5u)
void codes32(Words w, uint row, uint k, out uint q[8], out vec2 scale, out float least) {
  uint b[5];
  block_at(w, row, 18u * k, b);
  scale = vec2(half_value(b[0]));
  least = 0.0;
  [[unroll]] for (uint i = 0u; i < 4u; i++) {
    const uint both = straddle(b[i], b[i + 1u], 16u);
    q[i] = less_in_bytes(both & 0x0f0f0f0fu, 8u);
    q[i + 4u] = less_in_bytes((both >> 4) & 0x0f0f0f0fu, 8u);
  }
}
