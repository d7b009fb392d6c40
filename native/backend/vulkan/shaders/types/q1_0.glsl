// Q1_0: d, then a bit a value of 128: x = d or -d.
WINDOW(bits_at, 1, 2u)
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = 18u * (k >> 2);
  const float d = half_value(half_at(w, row, block));
  uint q[1];
  bits_at(w, row, block + 2u + 4u * (k & 3u), q);
  [[unroll]] for (uint i = 0u; i < 32u; i++) y[i] = ((q[0] >> i) & 1u) != 0u ? d : -d;
}
