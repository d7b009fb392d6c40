// Q4_K: d, dmin, 12 bytes of scales and minima, four bits a value: x = d * scale * q - dmin * min.
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = row + 36u * (k >> 3), s = k & 7u;
  const uint head = w.at[block];
  const uvec2 sub = scale_min(w.at[block + 1u], w.at[block + 2u], w.at[block + 3u], s);
  precise float scale = half_value(head) * float(sub.x), least = half_value(head >> 16) * float(sub.y);
  const uint at = block + 4u + 8u * (s >> 1), shift = 4u * (s & 1u);
  [[unroll]] for (uint j = 0u; j < 8u; j++) {
    const uint q = w.at[at + j] >> shift;
    [[unroll]] for (uint i = 0u; i < 4u; i++) y[4u * j + i] = scale * float((q >> (8u * i)) & 15u) - least;
  }
}
