// Q3_K: a mask of third bits, two bits a value, 12 bytes of scales, d: x = d * (scale - 32) * (q - 4).
WINDOW(eight_at, 8, 9u)
WINDOW(scales_at, 3, 4u)
float q3_k_scale(uint b[3], float d, uint s) {
  const uint low = nibble_of(byte_of(b[(s & 7u) >> 2], s), s >> 3), high = (byte_of(b[2], s) >> (2u * (s >> 2))) & 3u;
  precise float scale = d * float(int(low | high << 4) - 32);
  return scale;
}
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = 110u * (k >> 3), s = k & 7u;
  uint q[8], h[8], b[3];
  eight_at(w, row, block + 32u + 32u * (s >> 2), q);
  eight_at(w, row, block, h);
  scales_at(w, row, block + 96u, b);
  const float d = half_value(half_at(w, row, block + 108u));
  const float scale[2] = {q3_k_scale(b, d, 2u * s), q3_k_scale(b, d, 2u * s + 1u)};
  [[unroll]] for (uint i = 0u; i < 32u; i++) {
    const uint x = ((byte_of(q[i >> 2], i) >> (2u * (s & 3u))) & 3u) | ((byte_of(h[i >> 2], i) >> s) & 1u) << 2;
    y[i] = scale[i >> 4] * float(int(x) - 4);
  }
}
