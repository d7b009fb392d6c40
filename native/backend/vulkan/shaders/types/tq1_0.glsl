// TQ1_0: five trits a byte, d: x = (trit - 1) * d. A byte is a fraction of 256: times 3^(t + 1), its integer part ends in trit t.
WINDOW(eight_at, 8, 9u)
float trit(uint byte, uint t) {
  const uint power = t < 2u ? (t == 0u ? 1u : 3u) : (t == 2u ? 9u : t == 3u ? 27u : 81u);
  return float(int(((byte * power & 0xffu) * 3u) >> 8) - 1);
}
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = 54u * (k >> 3), s = k & 7u;
  uint q[8];  // of bytes 0 to 31, or of bytes 32 to 51, the last four being qh
  eight_at(w, row, block + (s < 5u ? 0u : 32u), q);
  const float d = half_value(half_at(w, row, block + 52u));
  [[unroll]] for (uint i = 0u; i < 32u; i++) {
    const uint j = i & 15u;
    const uint late = s == 7u && i >= 16u ? byte_of(q[4], i) : byte_of(q[j >> 2], i);
    const uint which = s < 5u ? s : s == 7u && i >= 16u ? j >> 2 : 2u * (s - 5u) + (i >> 4);
    y[i] = trit(s < 5u ? byte_of(q[i >> 2], i) : late, which) * d;
  }
}
