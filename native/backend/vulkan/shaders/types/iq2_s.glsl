// IQ2_S: d, low bits of the points, a sign byte a point, high bits of four points a byte, a 4-bit scale every 16 values.
WINDOW(one_at, 1, 2u)
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = 82u * (k >> 3), s = k & 7u;
  uint q[1], signs[1];
  one_at(w, row, block + 2u + 4u * s, q);
  one_at(w, row, block + 34u + 4u * s, signs);
  const uint high = byte_at(w, row, block + 66u + s), sub = byte_at(w, row, block + 74u + s);
  const float d = half_value(half_at(w, row, block));
  [[unroll]] for (uint p = 0u; p < 4u; p++) {
    precise float scale = d * (0.5 + float(nibble_of(sub, p >> 1))) * 0.25;
    const uint code = books.at[iq2_s_book + (byte_of(q[0], p) | ((high >> (2u * p)) & 3u) << 8)];
    [[unroll]] for (uint i = 0u; i < 8u; i++) y[8u * p + i] = negated(scale * iq2_level(code, i), byte_of(signs[0], p), i);
  }
}
