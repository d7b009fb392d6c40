// Reading blocks where they lie. A row begins at a word; a block within it may begin at any byte.
// A file of types/ gives decode32(w, row, k, y): values 32 k to 32 k + 31 of the row that begins at word `row` of w. Code books
// lie in `books`, which the shader declares.
#include "books.glsl"
#include "half.glsl"

uint word_at(Words w, uint row, uint byte) { return w.at[row + (byte >> 2)]; }  // byte: a multiple of 4
uint half_at(Words w, uint row, uint byte) { return (w.at[row + (byte >> 2)] >> (8u * (byte & 3u))) & 0xffffu; }  // of 2
uint byte_at(Words w, uint row, uint byte) { return (w.at[row + (byte >> 2)] >> (8u * (byte & 3u))) & 0xffu; }

uint straddle(uint low, uint high, uint shift) { return shift == 0u ? low : (low >> shift) | (high << (32u - shift)); }

// n words from a byte on, of which `loaded` words of memory are read: n, where the last ends before its own end, or n + 1.
#define WINDOW(name, n, loaded)                                          \
  void name(Words w, uint row, uint byte, out uint q[n]) {               \
    const uint first = row + (byte >> 2), shift = 8u * (byte & 3u);      \
    uint a[n + 1];                                                       \
    a[n] = 0u;                                                           \
    [[unroll]] for (uint i = 0u; i < loaded; i++) a[i] = w.at[first + i]; \
    [[unroll]] for (uint i = 0u; i < n; i++) q[i] = straddle(a[i], a[i + 1u], shift); \
  }

uint byte_of(uint word, uint i) { return (word >> (8u * (i & 3u))) & 0xffu; }
uint nibble_of(uint word, uint i) { return (word >> (4u * i)) & 15u; }
// Bytes below 128 less n, at most 128, as signed bytes.
uint less_in_bytes(uint q, uint n) { return (q + 0x01010101u * (128u - n)) ^ 0x80808080u; }
int signed_byte(uint b) { return int(b << 24) >> 24; }

// Nibble i of 16 bytes for i < 16 the low, then the high ones: value i of most 32-value blocks.
uint low_high(uint q[4], uint i) { return (q[(i & 15u) >> 2] >> (8u * (i & 3u) + 4u * (i >> 4))) & 15u; }

// 7 sign bits stand for 8: the number of negative values is even, so bit 7 is the parity of the others.
uint even_signs(uint index) { return index | (uint(bitCount(index)) & 1u) << 7; }

// The twelve bytes, three words, of Q4_K's and Q5_K's scales and minima: those of sub-block k of 8.
uvec2 scale_min(uint a, uint b, uint c, uint k) {
  const uint i = k & 3u;
  const uint x = byte_of(a, i), y = byte_of(b, i), z = byte_of(c, i);
  return k < 4u ? uvec2(x & 63u, y & 63u) : uvec2((z & 15u) | (x >> 6) << 4, (z >> 4) | (y >> 6) << 4);
}

// The sixteen levels of IQ4_NL and IQ4_XS: -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113.
float iq4_level(uint q) {
  const uint word = q < 8u ? (q < 4u ? 0xbfad9881u : 0xf6eaddcfu) : (q < 12u ? 0x26190d01u : 0x71594535u);
  return float(signed_byte(byte_of(word, q)));
}

// FP4 (E2M1): twice 0, 0.5, 1, 1.5, 2, 3, 4, 6, then their negatives.
float fp4_level(uint q) {
  const float size = 0.5 * float((0xc8643210u >> (4u * (q & 7u))) & 15u);
  return q < 8u ? size : -size;
}

// Value i of a point of IQ2_XXS, IQ2_XS and IQ2_S, before its sign.
float iq2_level(uint code, uint i) {
  const uint q = (code >> (2u * i)) & 3u;
  return q == 0u ? 8.0 : q == 1u ? 25.0 : q == 2u ? 43.0 : 0.0;
}

float negated(float x, uint signs, uint i) { return uintBitsToFloat(floatBitsToUint(x) ^ ((signs >> i) & 1u) << 31); }
