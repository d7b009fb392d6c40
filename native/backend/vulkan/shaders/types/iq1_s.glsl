// IQ1_S: d, low bits of the points of 8 values, a half a group of 32: four times 3 high bits, 3 bits of scale, the shift's sign.
WINDOW(one_at, 1, 2u)
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = 50u * (k >> 3), s = k & 7u;
  uint q[1];
  one_at(w, row, block + 2u + 4u * s, q);
  const uint high = half_at(w, row, block + 34u + 2u * s);
  precise float scale = half_value(half_at(w, row, block)) * float(2u * ((high >> 12) & 7u) + 1u);
  const float delta = (high & 0x8000u) != 0u ? -0.125 : 0.125;
  [[unroll]] for (uint p = 0u; p < 4u; p++) {
    const uint code = books.at[iq1_s_book + (byte_of(q[0], p) | ((high >> (3u * p)) & 7u) << 8)];
    [[unroll]] for (uint i = 0u; i < 8u; i++) y[8u * p + i] = scale * (float(int((code >> (2u * i)) & 3u) - 1) + delta);
  }
}
