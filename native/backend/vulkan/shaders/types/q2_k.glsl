// Q2_K: 16 bytes of scale and minimum, two bits a value, d, dmin: x = d * scale * q - dmin * min.
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = row + 21u * (k >> 3), s = k & 7u;
  const uint sub = w.at[block + (s >> 1)] >> (16u * (s & 1u)), head = w.at[block + 20u];
  precise float scale[2] = {half_value(head) * float(sub & 15u), half_value(head) * float((sub >> 8) & 15u)};
  precise float least[2] = {half_value(head >> 16) * float((sub >> 4) & 15u), half_value(head >> 16) * float((sub >> 12) & 15u)};
  const uint at = block + 4u + 8u * (s >> 2), shift = 2u * (s & 3u);
  [[unroll]] for (uint j = 0u; j < 8u; j++) {
    const uint q = w.at[at + j] >> shift;
    [[unroll]] for (uint i = 0u; i < 4u; i++) y[4u * j + i] = scale[j >> 2] * float((q >> (8u * i)) & 3u) - least[j >> 2];
  }
}
