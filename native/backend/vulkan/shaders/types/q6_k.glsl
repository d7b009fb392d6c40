// Q6_K: four low bits, two high bits a value, 16 signed scales, d: x = d * scale * (q - 32).
WINDOW(eight_at, 8, 9u)
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = 210u * (k >> 3), s = k & 7u, h = s >> 2, n = s & 3u;
  uint low[8], high[8];
  eight_at(w, row, block + 64u * h + 32u * (n & 1u), low);
  eight_at(w, row, block + 128u + 32u * h, high);
  const uint sub = half_at(w, row, block + 192u + 2u * s);
  const float d = half_value(half_at(w, row, block + 208u));
  precise float scale[2] = {d * float(signed_byte(sub & 0xffu)), d * float(signed_byte(sub >> 8))};
  [[unroll]] for (uint i = 0u; i < 32u; i++) {
    const uint q = nibble_of(byte_of(low[i >> 2], i), n >> 1) | ((byte_of(high[i >> 2], i) >> (2u * n)) & 3u) << 4;
    y[i] = scale[i >> 4] * float(int(q) - 32);
  }
}
