// Rows of the KV cache: the product of a key with a query, and one column of a value.
// Order: columns ascending, one fused multiply-add each.
#include "half.glsl"

#if defined(CACHE_f32)
float key_product(uint row, uint query) {
  precise float s = 0.0;
  for (uint c = 0u; c < key_dim; c++) s = fma(q.at[query + c], uintBitsToFloat(keys.at[row + c]), s);
  return s;
}
float value_at(uint row, uint c) { return uintBitsToFloat(values.at[row + c]); }

#elif defined(CACHE_f16)
float key_product(uint row, uint query) {
  precise float s = 0.0;
  for (uint c = 0u; c + 1u < key_dim; c += 2u) {
    const uint two = keys.at[row + (c >> 1)];
    s = fma(q.at[query + c], half_value(two), s);
    s = fma(q.at[query + c + 1u], half_value(two >> 16), s);
  }
  if ((key_dim & 1u) != 0u) s = fma(q.at[query + key_dim - 1u], half_value(keys.at[row + (key_dim >> 1)]), s);
  return s;
}
float value_at(uint row, uint c) { return half_value(values.at[row + (c >> 1)] >> (16u * (c & 1u))); }

#else
float key_product(uint row, uint query) {
  precise float s = 0.0;
  for (uint b = 0u; 32u * b < key_dim; b++) {
    // 34 bytes that begin at a word or in the middle of one.
    const uint shift = 16u * (b & 1u), first = row + 17u * (b >> 1) + (b & 1u) * 8u;
    uint low = keys.at[first];
    const float d = half_value(low >> shift);
    for (uint j = 0u; j < 8u; j++) {
      const uint high = keys.at[first + j + 1u];
      const uint four = shift == 0u ? (low >> 16) | (high << 16) : high;
      low = high;
      [[unroll]] for (uint i = 0u; i < 4u; i++) {
        precise float k = d * float(int(four << (24u - 8u * i)) >> 24);
        s = fma(q.at[query + 32u * b + 4u * j + i], k, s);
      }
    }
  }
  return s;
}
float value_at(uint row, uint c) {
  const uint block = 34u * (c >> 5), byte = block + 2u + (c & 31u);
  const float d = half_value(values.at[row + (block >> 2)] >> (8u * (block & 3u)));
  precise float v = d * float(int(values.at[row + (byte >> 2)] << (24u - 8u * (byte & 3u))) >> 24);
  return v;
}
#endif
