// IQ4_XS: d, two high bits and four low bits of eight scales, four bits a value: x = d * (scale - 32) * level[q].
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = row + 34u * (k >> 3), s = k & 7u;
  const uint head = w.at[block], low = w.at[block + 1u];
  precise float scale = half_value(head) * float(int(nibble_of(low, s) | ((head >> (16u + 2u * s)) & 3u) << 4) - 32);
  const uint at = block + 2u + 4u * s;
  const uint q[4] = {w.at[at], w.at[at + 1u], w.at[at + 2u], w.at[at + 3u]};
  [[unroll]] for (uint i = 0u; i < 32u; i++) y[i] = scale * iq4_level(low_high(q, i));
}
