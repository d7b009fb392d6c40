// IQ2_XS: d, a half a point: 9 bits of index, 7 of signs; a 4-bit scale every 16 values.
WINDOW(two_at, 2, 3u)
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = 74u * (k >> 3), s = k & 7u;
  uint q[2];
  two_at(w, row, block + 2u + 8u * s, q);
  const float d = half_value(half_at(w, row, block));
  const uint sub = byte_at(w, row, block + 66u + s);
  [[unroll]] for (uint p = 0u; p < 4u; p++) {
    const uint point = (q[p >> 1] >> (16u * (p & 1u))) & 0xffffu;
    precise float scale = d * (0.5 + float(nibble_of(sub, p >> 1))) * 0.25;
    const uint code = books.at[iq2_xs_book + (point & 511u)], signs = even_signs(point >> 9);
    [[unroll]] for (uint i = 0u; i < 8u; i++) y[8u * p + i] = negated(scale * iq2_level(code, i), signs, i);
  }
}
