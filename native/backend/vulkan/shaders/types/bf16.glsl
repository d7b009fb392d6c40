// BF16
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  [[unroll]] for (uint i = 0u; i < 16u; i++) {
    const uint q = w.at[row + 16u * k + i];
    y[2u * i] = uintBitsToFloat(q << 16);
    y[2u * i + 1u] = uintBitsToFloat(q & 0xffff0000u);
  }
}
