// Q5_K: as Q4_K with 32 bytes of fifth bits before the values.
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = row + 44u * (k >> 3), s = k & 7u;
  const uint head = w.at[block];
  const uvec2 sub = scale_min(w.at[block + 1u], w.at[block + 2u], w.at[block + 3u], s);
  precise float scale = half_value(head) * float(sub.x), least = half_value(head >> 16) * float(sub.y);
  const uint at = block + 12u + 8u * (s >> 1), shift = 4u * (s & 1u);
  [[unroll]] for (uint j = 0u; j < 8u; j++) {
    const uint q = w.at[at + j] >> shift, h = w.at[block + 4u + j] >> s;
    [[unroll]] for (uint i = 0u; i < 4u; i++)
      y[4u * j + i] = scale * float(((q >> (8u * i)) & 15u) | ((h >> (8u * i)) & 1u) << 4) - least;
  }
}
