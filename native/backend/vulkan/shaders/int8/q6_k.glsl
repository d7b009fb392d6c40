// Q6_K: four low bits, two high bits a value, 16 signed scales, d: d * scale * (q - 32).
#define TWO_SCALES
WINDOW(eight_at, 8, 9u)
void codes32(Words w, uint row, uint k, out uint q[8], out vec2 scale, out float least) {
  const uint block = 210u * (k >> 3), s = k & 7u, h = s >> 2, n = s & 3u;
  uint low[8], high[8];
  eight_at(w, row, block + 64u * h + 32u * (n & 1u), low);
  eight_at(w, row, block + 128u + 32u * h, high);
  const uint sub = half_at(w, row, block + 192u + 2u * s);
  precise vec2 scales = half_value(half_at(w, row, block + 208u)) * vec2(signed_byte(sub & 0xffu), signed_byte(sub >> 8));
  scale = scales;
  least = 0.0;
  [[unroll]] for (uint i = 0u; i < 8u; i++) {
    const uint bits = (low[i] >> (4u * (n >> 1))) & 0x0f0f0f0fu | ((high[i] >> (2u * n)) & 0x03030303u) << 4;
    q[i] = less_in_bytes(bits, 32u);
  }
}
