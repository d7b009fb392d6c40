// IQ4_NL: d, then 16 bytes: x = d * level[q].
WINDOW(block_at, 5, 5u)
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  uint b[5];
  block_at(w, row, 18u * k, b);
  const float d = half_value(b[0]);
  const uint q[4] = {straddle(b[0], b[1], 16u), straddle(b[1], b[2], 16u), straddle(b[2], b[3], 16u), straddle(b[3], b[4], 16u)};
  [[unroll]] for (uint i = 0u; i < 32u; i++) y[i] = d * iq4_level(low_high(q, i));
}
