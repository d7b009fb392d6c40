// F32
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  [[unroll]] for (uint i = 0u; i < 32u; i++) y[i] = uintBitsToFloat(w.at[row + 32u * k + i]);
}
