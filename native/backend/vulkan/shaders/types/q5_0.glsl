// Q5_0: d, a word of fifth bits, 16 bytes: x = d * (q - 16).
WINDOW(block_at, 6, 6u)
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  uint b[6];
  block_at(w, row, 22u * k, b);
  const float d = half_value(b[0]);
  const uint high = straddle(b[0], b[1], 16u);
  const uint q[4] = {straddle(b[1], b[2], 16u), straddle(b[2], b[3], 16u), straddle(b[3], b[4], 16u), straddle(b[4], b[5], 16u)};
  [[unroll]] for (uint i = 0u; i < 32u; i++) y[i] = d * float(int(low_high(q, i) | ((high >> i) & 1u) << 4) - 16);
}
