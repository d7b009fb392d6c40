// Q4_K: d, dmin, 12 bytes of scales and minima, four bits a value: d * scale * q - dmin * min.
#define LEAST
void codes32(Words w, uint row, uint k, out uint q[8], out vec2 scale, out float least) {
  const uint block = row + 36u * (k >> 3), s = k & 7u;
  const uint head = w.at[block];
  const uvec2 sub = scale_min(w.at[block + 1u], w.at[block + 2u], w.at[block + 3u], s);
  precise float d = half_value(head) * float(sub.x), m = -half_value(head >> 16) * float(sub.y);
  scale = vec2(d);
  least = m;
  const uint at = block + 4u + 8u * (s >> 1), shift = 4u * (s & 1u);
  [[unroll]] for (uint i = 0u; i < 8u; i++) q[i] = (w.at[at + i] >> shift) & 0x0f0f0f0fu;
}
