// MXFP4: an exponent, then 16 bytes: x = 2^(e - 127) * level[q].
WINDOW(block_at, 5, 5u)
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  uint b[5];
  block_at(w, row, 17u * k, b);
  const uint e = b[0] & 0xffu;
  const float d = uintBitsToFloat(e == 0u ? 0x00400000u : e << 23);
  const uint q[4] = {straddle(b[0], b[1], 8u), straddle(b[1], b[2], 8u), straddle(b[2], b[3], 8u), straddle(b[3], b[4], 8u)};
  [[unroll]] for (uint i = 0u; i < 32u; i++) y[i] = d * fp4_level(low_high(q, i));
}
