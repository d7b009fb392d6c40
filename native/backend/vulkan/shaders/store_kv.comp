#version 460
//! caches
// A head's keys or values of a row go to the slot of the row's place. Whole words are written: an invocation takes two columns
// of a 16-bit cache, two blocks of Q8_0 (a row of the cache fills whole words).
#include "core.glsl"
#include "half.glsl"
layout(local_size_x = 64) in;
layout(push_constant) uniform Push {
  Floats x;
  Words cache;
  Ints places, sequences, pages;
  uint x_stride, cache_stride, places_stride, sequences_stride, pages_stride, heads, dim, rows;
};

#if defined(CACHE_f32)
const uint unit = 1u;
void store(uint to, uint i, uint from) { cache.at[to + i] = floatBitsToUint(x.at[from + i]); }
#elif defined(CACHE_f16)
const uint unit = 2u;
void store(uint to, uint i, uint from) {
  const uint low = half_bits(x.at[from + 2u * i]);
  const uint high = 2u * i + 1u < dim ? half_bits(x.at[from + 2u * i + 1u]) : 0u;
  cache.at[to + i] = low | high << 16;
}
#else
const uint unit = 64u;

// d = max|x| / 127 as a half, then 32 bytes of x / d to the nearest; all zero where d is no half.
void block(uint from, out uint d_bits, out uint q[8]) {
  float v[32];
  float most = 0.0;
  [[unroll]] for (uint i = 0u; i < 32u; i++) {
    v[i] = x.at[from + i];
    const float size = abs(v[i]);
    most = size > most || isnan(size) ? size : most;  // once a NaN, always
  }
  // A quotient to the last place on every device: the remainder is exact, as 127 = 128 - 1.
  precise float d = most * (1.0 / 127.0);
  precise float left = (most - 128.0 * d) + d;
  d = isinf(most) ? most : d + left * (1.0 / 127.0);
  d_bits = half_bits(d);
  precise float inverse = (d_bits & 0x7fffu) == 0u ? 0.0 : 1.0 / d;
  [[unroll]] for (uint j = 0u; j < 8u; j++) {
    q[j] = 0u;
    [[unroll]] for (uint i = 0u; i < 4u; i++) {
      precise float scaled = v[4u * j + i] * inverse;
      precise float moved = scaled + 12582912.0;  // 1.5 * 2^23: the low bits are the rounded integer
      q[j] |= (floatBitsToUint(moved) & 0xffu) << (8u * i);
    }
  }
}

void store(uint to, uint i, uint from) {
  uint d, q[8];
  block(from + 64u * i, d, q);
  const uint at = to + 17u * i;
  cache.at[at] = d | q[0] << 16;
  [[unroll]] for (uint j = 1u; j < 8u; j++) cache.at[at + j] = q[j - 1u] >> 16 | q[j] << 16;
  const uint last = q[7] >> 16;
  if (64u * i + 32u >= dim) {
    cache.at[at + 8u] = last;
    return;
  }
  block(from + 64u * i + 32u, d, q);
  cache.at[at + 8u] = last | d << 16;
  [[unroll]] for (uint j = 0u; j < 8u; j++) cache.at[at + 9u + j] = q[j];
}
#endif

void main() {
  const uint units = (dim + unit - 1u) / unit;
  const uint i = gl_GlobalInvocationID.x % units, h = gl_GlobalInvocationID.x / units, r = group_down();
  if (h >= heads || r >= rows) return;
  const uint place = uint(places.at[r * places_stride]), sequence = uint(sequences.at[r * sequences_stride]);
  const uint page = uint(pages.at[sequence * pages_stride + place / page_size]);
  const uint slot = (page * heads + h) * page_size + place % page_size;
  store(slot * cache_stride, i, r * x_stride + h * dim);
}
