// NVFP4: four E4M3 scales, then four sub-blocks of 16 in 8 bytes, the low bits first: x = scale * level[q].
float e4m3(uint s) {
  const uint bits = s & 0x7fu;
  return bits == 0x7fu ? 0.0 : bits < 8u ? float(bits) * 0.001953125 : uintBitsToFloat((bits << 20) + (120u << 23));
}
void decode32(Words w, uint row, uint k, precise out float y[32]) {
  const uint block = row + 9u * (k >> 1), s = k & 1u;
  const uint scales = w.at[block] >> (16u * s);
  const float scale[2] = {e4m3(scales), e4m3(scales >> 8)};
  const uint at = block + 1u + 4u * s;
  const uint q[4] = {w.at[at], w.at[at + 1u], w.at[at + 2u], w.at[at + 3u]};
  [[unroll]] for (uint i = 0u; i < 32u; i++) {
    const uint j = i & 7u, sub = i >> 4;
    y[i] = scale[sub] * fp4_level(nibble_of(byte_of(q[2u * sub + (j >> 2)], j), (i >> 3) & 1u));
  }
}
