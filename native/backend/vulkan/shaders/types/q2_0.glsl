// Q2_0: d, then two bits a value of 64: x = d * (q - 1).
WINDOW(bits_at, 2, 3u)
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = 18u * (k >> 1);
  const float d = half_value(half_at(w, row, block));
  uint q[2];
  bits_at(w, row, block + 2u + 8u * (k & 1u), q);
  [[unroll]] for (uint i = 0u; i < 32u; i++) y[i] = d * float(int((q[i >> 4] >> (2u * (i & 15u))) & 3u) - 1);
}
