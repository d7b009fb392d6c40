// Q4_1: d and m, then 16 bytes, the low nibbles before the high ones: d * q + m.
#define LEAST
void codes32(Words w, uint row, uint k, out uint q[8], out vec2 scale, out float least) {
  const uint at = row + 5u * k, head = w.at[at];
  scale = vec2(half_value(head));
  least = half_value(head >> 16);
  [[unroll]] for (uint i = 0u; i < 4u; i++) {
    const uint both = w.at[at + 1u + i];
    q[i] = both & 0x0f0f0f0fu;
    q[i + 4u] = (both >> 4) & 0x0f0f0f0fu;
  }
}
