// IQ1_M: low bits of the points of 8 values (IQ1_S's book), a nibble a point: 3 high bits and the shift's sign; four halves of
// four times 3 bits of scale, whose top bits are the quarters of d.
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = row + 14u * (k >> 3), s = k & 7u;
  const uint q = w.at[block + s], high = w.at[block + 8u + (s >> 1)] >> (16u * (s & 1u));
  const uint a = w.at[block + 12u], b = w.at[block + 13u];
  const float d = half_value(((a >> 12) & 0xfu) | ((a >> 24) & 0xf0u) | ((b >> 4) & 0xf00u) | ((b >> 16) & 0xf000u));
  const uint sub = ((s < 4u ? a : b) >> (16u * ((s >> 1) & 1u))) & 0xffffu;
  [[unroll]] for (uint p = 0u; p < 4u; p++) {
    const uint group = 2u * s + (p >> 1), h = nibble_of(high, p);
    precise float scale = d * float(2u * ((sub >> (3u * (group & 3u))) & 7u) + 1u);
    const uint code = books.at[iq1_s_book + (byte_of(q, p) | (h & 7u) << 8)];
    const float delta = (h & 8u) != 0u ? -0.125 : 0.125;
    [[unroll]] for (uint i = 0u; i < 8u; i++) y[8u * p + i] = scale * (float(int((code >> (2u * i)) & 3u) - 1) + delta);
  }
}
