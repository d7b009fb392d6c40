// Rows of the KV cache: eight columns of a key, one column of a value.
#include "half.glsl"

#if defined(CACHE_f32)
void eight_of_key(uint row, uint c, out float k[8]) {
  [[unroll]] for (uint i = 0u; i < 8u; i++) k[i] = uintBitsToFloat(given.keys.at[row + c + i]);
}
float value_at(uint row, uint c) { return uintBitsToFloat(given.values.at[row + c]); }

#elif defined(CACHE_f16)
void eight_of_key(uint row, uint c, out float k[8]) {
  [[unroll]] for (uint i = 0u; i < 4u; i++) {
    const uint two = given.keys.at[row + (c >> 1) + i];
    k[2u * i] = half_value(two);
    k[2u * i + 1u] = half_value(two >> 16);
  }
}
#ifdef HALF
float value_at(uint row, uint c) { return half_value(uint(Halves(given.values).at[2u * row + c])); }
#else
float value_at(uint row, uint c) { return half_value(given.values.at[row + (c >> 1)] >> (16u * (c & 1u))); }
#endif

#else
// Q8_0: 34 bytes a block, which begins at a word or in the middle of one.
float signed_of(uint word, uint i) { return float(int(word << (24u - 8u * i)) >> 24); }
void eight_of_key(uint row, uint c, out float k[8]) {
  const uint block = 34u * (c >> 5), byte = block + 2u + (c & 31u), at = row + (byte >> 2);
  const float d = half_value(given.keys.at[row + (block >> 2)] >> (8u * (block & 3u)));
  uint a = given.keys.at[at], b = given.keys.at[at + 1u];
  if ((byte & 3u) != 0u) {
    const uint last = given.keys.at[at + 2u];
    a = (a >> 16) | (b << 16);
    b = (b >> 16) | (last << 16);
  }
  [[unroll]] for (uint i = 0u; i < 8u; i++) {
    precise float v = d * signed_of(i < 4u ? a : b, i & 3u);
    k[i] = v;
  }
}
float value_at(uint row, uint c) {
  const uint block = 34u * (c >> 5), byte = block + 2u + (c & 31u);
  const float d = half_value(given.values.at[row + (block >> 2)] >> (8u * (block & 3u)));
  precise float v = d * signed_of(given.values.at[row + (byte >> 2)], byte & 3u);
  return v;
}
#endif
