// Q8_0: d, then a signed byte a value: x = d * q.
WINDOW(block_at, 9, 9u)
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  uint b[9];
  block_at(w, row, 34u * k, b);
  const float d = half_value(b[0]);
  [[unroll]] for (uint i = 0u; i < 32u; i++) y[i] = d * float(signed_byte(byte_of(b[(i + 2u) >> 2], i + 2u)));
}
