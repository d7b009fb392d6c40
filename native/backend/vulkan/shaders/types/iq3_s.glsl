// IQ3_S: d, low bits of the points of 4 values, ninth bits of eight points a byte, signs of two points a byte, 4-bit scales.
WINDOW(two_at, 2, 3u)
WINDOW(one_at, 1, 2u)
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = 110u * (k >> 3), s = k & 7u;
  uint q[2], signs[1];
  two_at(w, row, block + 2u + 8u * s, q);
  one_at(w, row, block + 74u + 4u * s, signs);
  const uint high = byte_at(w, row, block + 66u + s), sub = byte_at(w, row, block + 106u + (s >> 1));
  precise float scale = half_value(half_at(w, row, block)) * float(1u + 2u * nibble_of(sub, s & 1u));
  [[unroll]] for (uint p = 0u; p < 8u; p++) {
    const uint code = books.at[iq3_s_book + (byte_of(q[p >> 2], p) | ((high >> p) & 1u) << 8)];
    [[unroll]] for (uint i = 0u; i < 4u; i++)
      y[4u * p + i] = negated(scale * float(2u * ((code >> (3u * i)) & 7u) + 1u), nibble_of(signs[0], p), i);
  }
}
