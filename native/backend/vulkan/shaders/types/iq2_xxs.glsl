// IQ2_XXS: d, then a group of 32 values in 8 bytes: four points, a word of four times 7 sign bits and the scale on top.
WINDOW(two_at, 2, 3u)
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = 66u * (k >> 3), s = k & 7u;
  uint q[2];
  two_at(w, row, block + 2u + 8u * s, q);
  precise float scale = half_value(half_at(w, row, block)) * (0.5 + float(q[1] >> 28)) * 0.25;
  [[unroll]] for (uint p = 0u; p < 4u; p++) {
    const uint code = books.at[iq2_xxs_book + byte_of(q[0], p)], signs = even_signs((q[1] >> (7u * p)) & 127u);
    [[unroll]] for (uint i = 0u; i < 8u; i++) y[8u * p + i] = negated(scale * iq2_level(code, i), signs, i);
  }
}
