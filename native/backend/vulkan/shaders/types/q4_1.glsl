// Q4_1: d and m, then 16 bytes: x = d * q + m.
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint at = row + 5u * k;
  const uint head = w.at[at];
  const float d = half_value(head), m = half_value(head >> 16);
  const uint q[4] = {w.at[at + 1u], w.at[at + 2u], w.at[at + 3u], w.at[at + 4u]};
  [[unroll]] for (uint i = 0u; i < 32u; i++) y[i] = d * float(low_high(q, i)) + m;
}
