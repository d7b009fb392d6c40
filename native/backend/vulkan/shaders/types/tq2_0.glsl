// TQ2_0: two bits a value, d: x = (q - 1) * d.
WINDOW(eight_at, 8, 9u)
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = 66u * (k >> 3), s = k & 7u;
  uint q[8];
  eight_at(w, row, block + 32u * (s >> 2), q);
  const float d = half_value(half_at(w, row, block + 64u));
  [[unroll]] for (uint i = 0u; i < 32u; i++) y[i] = float(int((byte_of(q[i >> 2], i) >> (2u * (s & 3u))) & 3u) - 1) * d;
}
