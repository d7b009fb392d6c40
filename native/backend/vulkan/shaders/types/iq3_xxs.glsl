// IQ3_XXS: d, a byte a point of 4 values, a word a group of 32: four times 7 sign bits, the scale on top.
WINDOW(two_at, 2, 3u)
WINDOW(one_at, 1, 2u)
float iq3_xxs_level(uint code, uint i) {
  const uint q = (code >> (3u * i)) & 7u;
  return q == 7u ? 62.0 : float(8u * q + 4u);
}
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = 98u * (k >> 3), s = k & 7u;
  uint q[2], rest[1];
  two_at(w, row, block + 2u + 8u * s, q);
  one_at(w, row, block + 66u + 4u * s, rest);
  precise float scale = half_value(half_at(w, row, block)) * (0.5 + float(rest[0] >> 28)) * 0.5;
  [[unroll]] for (uint p = 0u; p < 8u; p++) {
    const uint code = books.at[iq3_xxs_book + byte_of(q[p >> 2], p)];
    const uint signs = even_signs((rest[0] >> (7u * (p >> 1))) & 127u) >> (4u * (p & 1u));
    [[unroll]] for (uint i = 0u; i < 4u; i++) y[4u * p + i] = negated(scale * iq3_xxs_level(code, i), signs, i);
  }
}
