// Weight types of 32-value blocks. Per output, four chains c = block mod 4, each ascending from +0:
//   acc_c = fma(d_w * d_x, float(S), acc_c)            S the exact dot product of the block's integers
//   acc_c = fma(m_w, d_x * float(sum q_x), acc_c)      types with a minimum m
// and the result is (acc_0 + acc_1) + (acc_2 + acc_3), + bias. A type whose blocks are longer has `parts` of 32 values in each, with the
// same d; one whose blocks are halved has a d for each sixteen values, and adds the first sixteen of a part before the others.
//
// A type W gives: block_bytes; code_offset (of the codes in a block; d is first, m second); has_min; parts and halved where they are not
// 1 and false; and
//   Nibbles<offset>, Fives, UnsignedFives, SignedBytes or Levels<T> as Codes, which knows how codes become u8 and multiply; where there
//   are parts, Codes reads them: halves(w, v, lo, hi) vector v of the four parts at w, unpack(q, r, rows, offset, part) one of them;
//   Halfs or Powers as Scales, which reads d as 16 bits and makes floats of them, on AVX-512 of four rows at once; where halved,
//   four(w, absent, first, second) reads those of four parts.
#pragma once
#include <type_traits>

#include "backend/cpu/kernels/matmul/parts.h"
#include "backend/cpu/kernels/matmul/rows.h"
#if defined(LT_ISA_AVX512)
#include "backend/cpu/kernels/matmul/blocks32_avx512.h"
#elif defined(LT_ISA_AVX2)
#include "backend/cpu/kernels/matmul/blocks32_avx2.h"
#endif

namespace lt::cpu::LT_ISA {

struct Halfs {
  static uint16_t read(const uint8_t* p) { return load16(p); }
  static float4 four(uint64_t d) { return halfs_to_float4(d); }
  static floats wide(const uint16_t* d) { return load_halfs_wide(d); }
#ifdef LT_ISA_AVX2
  template <int stride>
  static floats of_two(const uint8_t* const (&w)[4], size_t at) {
    return halfs_of_two<stride>(w, at);
  }
#endif
#ifdef LT_ISA_AVX512
  template <int stride, int at>
  static floats of_four(const uint8_t* const (&w)[4]) {
    return halfs_of_four<stride, at>(w);
  }
#endif
};

// 16 bytes: value j in the low, value j + 16 in the high nibble of byte j, stored as value + offset (8 or 0).
template <int offset>
struct Nibbles {
  using Sums = dots;
  static constexpr int most = 15;
  static constexpr bool halved_codes = false;  // HalvedBytes
  static Sums start(int32_t start8) { return offset ? start_dots(start8) : zero_dots(); }
  static Sums step(Sums s, bytes w, bytes a) { return dot(s, w, a); }
  static ints total(Sums s) { return sum_dots(s); }
  static ints whole(Sums s, int32_t) { return total(s); }  // of a block, from its start on
  static Sums none() { return zero_dots(); }
  static int4 corrected(int4 s, int4 start8) { return offset ? add_int4(s, start8) : s; }

  static void split(bytes packed, bytes& lo, bytes& hi) {
    lo = and_bytes(packed, splat_byte(15));
    hi = high_nibbles(packed);
  }
  // Both halves of the `quads` blocks from p on, `stride` bytes apart.
  static void halves(const uint8_t* p, size_t stride, bytes& lo, bytes& hi) { split(load_quad_each(p, stride), lo, hi); }
  // put(k, nibbles): those of step k of 8, of a vector's rows.
  template <class F>
  static void unpack_to(const uint8_t* const* rows, size_t offset_in_row, F put) {
    bytes x[4];
    for (int i = 0; i < 4; ++i) x[i] = load_quad_rows(rows + i, offset_in_row);
    transpose(x);
    for (int k = 0; k < 4; ++k) {
      bytes lo, hi;
      split(x[k], lo, hi);
      put(k, lo), put(k + 4, hi);
    }
  }
  // q: 8 k-steps of tile_rows vectors; r: which of those vectors; rows: its rows. code(nibbles): what is stored.
  template <class F>
  static void unpack_as(uint8_t* q, int r, const uint8_t* const* rows, size_t offset_in_row, F code) {
    unpack_to(rows, offset_in_row, [&](int k, bytes nibbles) { store_bytes(q + (k * tile_rows + r) * vector_bytes, code(nibbles)); });
  }
  static void unpack(uint8_t* q, int r, const uint8_t* const* rows, size_t offset_in_row) {
    unpack_as(q, r, rows, offset_in_row, [](bytes codes) { return codes; });
  }
};

#ifdef LT_ISA_NEON
// Of four bytes of bits the byte of each of sixteen values, of the first ones and of the others; and its bit.
#define LT_EIGHT(a) a, a, a, a, a, a, a, a
alignas(16) constexpr uint8_t byte_of_fifth[2][16] = {{LT_EIGHT(0), LT_EIGHT(1)}, {LT_EIGHT(2), LT_EIGHT(3)}};
#undef LT_EIGHT
alignas(16) constexpr uint8_t bit_of_fifth[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
#endif

// The same with a fifth bit of each value in the four bytes before, less 16.
struct Fives : Nibbles<8> {
  static constexpr int most = 31;
  static Sums start(int32_t start8) { return add_dots(start_dots(start8), start_dots(start8)); }
  static int4 corrected(int4 s, int4 start8) { return add_int4(s, shl_int4<1>(start8)); }

  // at(i): the nibbles of quad i.
#if defined(LT_ISA_AVX2)
  template <class F>
  static void add_fifth(bytes& lo, bytes& hi, F at) {
    bytes low, high;
    spread_fifths(join_quads(at(0) - 4, at(1) - 4), low, high);
    lo = or_bytes(lo, low), hi = or_bytes(hi, high);
  }
#elif defined(LT_ISA_NEON)
  template <class F>
  static void add_fifth(bytes& lo, bytes& hi, F at) {
    const bytes bits = repeat_four(at(0) - 4), one = load_bytes(bit_of_fifth), fifth = splat_byte(16);
    lo = with_bits(lo, test_bits(lookup(bits, load_bytes(byte_of_fifth[0])), one), fifth);
    hi = with_bits(hi, test_bits(lookup(bits, load_bytes(byte_of_fifth[1])), one), fifth);
  }
#else
  static bytes fifth(uint64_t bits) { return and_bytes(spread_bits(bits), splat_byte(16)); }
  template <class F>
  static void add_fifth(bytes& lo, bytes& hi, F at) {
    uint64_t low = 0, high = 0;
    LT_UNROLL
    for (int i = 0; i < quads; ++i) {
      const uint32_t bits = load32(at(i) - 4);
      low |= uint64_t(bits & 0xffff) << 16 * i;
      high |= uint64_t(bits >> 16) << 16 * i;
    }
    lo = or_bytes(lo, fifth(low)), hi = or_bytes(hi, fifth(high));
  }
#endif
  static void halves(const uint8_t* p, size_t stride, bytes& lo, bytes& hi) {
    Nibbles::halves(p, stride, lo, hi);
    add_fifth(lo, hi, [&](int i) { return p + size_t(i) * stride; });
  }
  template <class F>
  static void unpack_as(uint8_t* q, int r, const uint8_t* const* rows, size_t offset_in_row, F code) {
    bytes lo[4], hi[4];
    for (int i = 0; i < 4; ++i) {
      split(load_quad_rows(rows + i, offset_in_row), lo[i], hi[i]);
      add_fifth(lo[i], hi[i], [&](int j) { return rows[i + 4 * j] + offset_in_row; });
    }
    transpose(lo);
    transpose(hi);
    for (int k = 0; k < 4; ++k) {
      store_bytes(q + (k * tile_rows + r) * vector_bytes, code(lo[k]));
      store_bytes(q + ((k + 4) * tile_rows + r) * vector_bytes, code(hi[k]));
    }
  }
  static void unpack(uint8_t* q, int r, const uint8_t* const* rows, size_t offset_in_row) {
    unpack_as(q, r, rows, offset_in_row, [](bytes codes) { return codes; });
  }
};

// 32 signed bytes.
struct SignedBytes {
  using Sums = ints;
  static constexpr int most = 127;
  static constexpr bool halved_codes = false;
  static Sums start(int32_t start8) { return start_dot8(start8); }
  static Sums step(Sums s, bytes w, bytes a) { return dot8(s, w, a); }
  static ints total(Sums s) { return s; }
  static ints whole(Sums s, int32_t) { return s; }
  static Sums none() { return zero_ints(); }
  static int4 corrected(int4 s, int4 start8) {
    if constexpr (offset8 == 128) return add_int4(s, shl_int4<4>(start8));
    return s;
  }

  static void halves(const uint8_t* p, size_t stride, bytes& lo, bytes& hi) {
    lo = to_dot8(load_quad_each(p, stride));
    hi = to_dot8(load_quad_each(p + 16, stride));
  }
  // put(k, bytes): those of step k of 8, of a vector's rows.
  template <class F>
  static void unpack_to(const uint8_t* const* rows, size_t offset_in_row, F put) {
    for (int half = 0; half < 2; ++half) {
      bytes x[4];
      for (int i = 0; i < 4; ++i) x[i] = load_quad_rows(rows + i, offset_in_row + size_t(half) * 16);
      transpose(x);
      for (int k = 0; k < 4; ++k) put(half * 4 + k, x[k]);
    }
  }
  static void unpack(uint8_t* q, int r, const uint8_t* const* rows, size_t offset_in_row) {
    unpack_to(rows, offset_in_row, [&](int k, bytes x) { store_bytes(q + (k * tile_rows + r) * vector_bytes, to_dot8(x)); });
  }
};

// The same where two products of bytes are all that int16 holds: a record has the upper nibbles of codes plus 128, then the lower ones,
// of which sixteen products fit: 15 * 127 * 16 < 2^15. That takes longer to unpack.
struct HalvedBytes : SignedBytes {
  static constexpr bool halved_codes = true;
  static bytes upper(bytes a) { return and_bytes(shr_words<4>(add_bytes(a, splat_byte(-128))), splat_byte(15)); }
  static bytes lower(bytes a) { return and_bytes(a, splat_byte(15)); }

  static void store(uint8_t* q, int k, int r, bytes upper, bytes lower) {
    store_bytes(q + (k * tile_rows + r) * vector_bytes, upper);
    store_bytes(q + ((8 + k) * tile_rows + r) * vector_bytes, lower);
  }
  static void unpack(uint8_t* q, int r, const uint8_t* const* rows, size_t offset_in_row) {
    unpack_to(rows, offset_in_row, [&](int k, bytes x) { store(q, k, r, upper(x), lower(x)); });
  }
};

// Unsigned codes of five bits: the sums of so many may be too large for pairs of int16. There they are less 16 meanwhile.
struct WideUnsignedFives : SignedBytes {
  static void halves(const uint8_t* p, size_t stride, bytes& lo, bytes& hi) {
    Fives::halves(p, stride, lo, hi);
    lo = to_dot8(lo), hi = to_dot8(hi);
  }
  static void unpack(uint8_t* q, int r, const uint8_t* const* rows, size_t offset_in_row) {
    Fives::unpack_as(q, r, rows, offset_in_row, [](bytes codes) { return to_dot8(codes); });
  }
};
struct NarrowUnsignedFives : Fives {
  static int4 corrected(int4 s, int4) { return s; }
  static ints whole(Sums s, int32_t start8) { return add_ints(total(s), total(sub_dots(none(), start(start8)))); }
};
using UnsignedFives = std::conditional_t<wide_dots, WideUnsignedFives, NarrowUnsignedFives>;

// Nibbles that name one of T's sixteen signed levels.
template <class T>
struct SignedLevels : SignedBytes {
  static bytes level(bytes nibbles) { return lookup(to_dot8(repeat_quad(T::levels)), nibbles); }

  static void halves(const uint8_t* p, size_t stride, bytes& lo, bytes& hi) {
    Nibbles<0>::halves(p, stride, lo, hi);
    lo = level(lo), hi = level(hi);
  }
  static void unpack(uint8_t* q, int r, const uint8_t* const* rows, size_t offset_in_row) {
    Nibbles<0>::unpack_as(q, r, rows, offset_in_row, [](bytes nibbles) { return level(nibbles); });
  }
};
template <class T>
struct HalvedLevels : HalvedBytes {
  static void unpack(uint8_t* q, int r, const uint8_t* const* rows, size_t offset_in_row) {
    const bytes all = repeat_quad(T::levels), high = upper(all), low = lower(all);
    Nibbles<0>::unpack_to(rows, offset_in_row, [&](int k, bytes nibbles) { store(q, k, r, lookup(high, nibbles), lookup(low, nibbles)); });
  }
};

// What panels have, which many tokens use: others than the few.
template <class Codes>
struct CodesOfPanels {
  using type = Codes;
};
template <>
struct CodesOfPanels<SignedBytes> {
  using type = std::conditional_t<wide_dots, SignedBytes, HalvedBytes>;
};
template <class T>
struct CodesOfPanels<SignedLevels<T>> {
  using type = std::conditional_t<wide_dots, SignedLevels<T>, HalvedLevels<T>>;
};

// The same of levels within +-12, plus 16.
template <class T>
struct RaisedLevels : Fives {
  static bytes level(bytes nibbles) { return lookup(repeat_quad(T::raised), nibbles); }

  static void halves(const uint8_t* p, size_t stride, bytes& lo, bytes& hi) {
    Nibbles<8>::halves(p, stride, lo, hi);
    lo = level(lo), hi = level(hi);
  }
  static void unpack(uint8_t* q, int r, const uint8_t* const* rows, size_t offset_in_row) {
    Nibbles<8>::unpack_as(q, r, rows, offset_in_row, [](bytes nibbles) { return level(nibbles); });
  }
};
template <class T>
constexpr bool raised = !wide_dots && requires { T::raised; };
template <class T>
using Levels = std::conditional_t<raised<T>, RaisedLevels<T>, SignedLevels<T>>;

// Byte c of a dword, four times.
alignas(16) constexpr uint8_t copies[4][16] = {
    {0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12},
    {1, 1, 1, 1, 5, 5, 5, 5, 9, 9, 9, 9, 13, 13, 13, 13},
    {2, 2, 2, 2, 6, 6, 6, 6, 10, 10, 10, 10, 14, 14, 14, 14},
    {3, 3, 3, 3, 7, 7, 7, 7, 11, 11, 11, 11, 15, 15, 15, 15},
};

template <class W, class C = typename W::Codes>
struct Blocks32 {
  using Codes = C;
  using Scales = typename W::Scales;
  static constexpr int values = 32;
  static constexpr int block_bytes = W::block_bytes;
  static constexpr int code_offset = W::code_offset;
  static constexpr bool has_min = W::has_min, waits = std::is_same_v<Codes, SignedBytes>;  // whole bytes wait for memory
  static constexpr int parts = parts_of<W>, four_bytes = 4 / parts * block_bytes;
  static constexpr int scales = W::has_min || halved<W> ? 2 : 1;
  static constexpr int head_halfs = scales * group_rows;
  static constexpr int code_vectors = (Codes::halved_codes ? 16 : 8) * tile_rows;  // of a record, before its scales
  static constexpr int record_bytes = (code_vectors + scales * tile_rows) * vector_bytes;
  static constexpr int64_t token_bytes = tile_bytes_32;
  static constexpr int unpack_calls = tile_rows;

  // Four blocks of one row and T tokens. Those whose 16 bits are set in absent are not of the row: their codes meet zeros, and scales
  // of -0 make what they add -0, which changes no sum, not even one of -0.
  template <int T>
  static void four(float4 (&acc)[T], const uint8_t* w, const Quad32* x, int64_t quads_a_token, uint64_t absent) {
    bytes lo[vectors_64], hi[vectors_64];
    for (int v = 0; v < vectors_64; ++v) {
      if constexpr (parts == 1)
        Codes::halves(w + W::code_offset + v * quads * block_bytes, block_bytes, lo[v], hi[v]);
      else
        Codes::halves(w + W::code_offset, v, lo[v], hi[v]);
    }
    if constexpr (halved<W>)
      add_halves<T>(acc, lo, hi, w, x, quads_a_token, absent);
    else
      add_wholes<T>(acc, lo, hi, w, x, quads_a_token, absent);
  }

  // The products of four's codes, blocks with one scale.
  template <int T>
  static void add_wholes(float4 (&acc)[T], const bytes (&lo)[vectors_64], const bytes (&hi)[vectors_64], const uint8_t* w, const Quad32* x,
                         int64_t quads_a_token, uint64_t absent) {
    const auto scale = [&](const uint8_t* p) {
      const auto part = [&](int i) { return Scales::read(p + i / parts * block_bytes); };
      return Scales::four(join_16(part(0), part(1), part(2), part(3), absent));
    };
    const float4 dw = scale(w);
    float4 mw;
    if constexpr (W::has_min) mw = scale(w + 2);
    LT_UNROLL
    for (int t = 0; t < T; ++t, x += quads_a_token) {
      ints s[vectors_64];
      LT_UNROLL
      for (int v = 0; v < vectors_64; ++v) {
        const int8_t* q = reinterpret_cast<const int8_t*>(x->q) + v * vector_bytes;
        s[v] = Codes::total(Codes::step(Codes::step(Codes::none(), lo[v], load_bytes(q)), hi[v], load_bytes(q + 64)));
      }
      const float4 d = mul_float4(dw, load_float4(x->d));
      acc[t] = fma_float4(d, to_float4(Codes::corrected(sum_quads(s), load_int4(x->start8))), acc[t]);
      if constexpr (W::has_min) acc[t] = fma_float4(mw, load_float4(x->sum), acc[t]);
    }
  }

  // Halves with a scale each.
  template <int T>
  static void add_halves(float4 (&acc)[T], const bytes (&lo)[vectors_64], const bytes (&hi)[vectors_64], const uint8_t* w, const Quad32* x,
                         int64_t quads_a_token, uint64_t absent) {
    float4 first, second;
    Scales::four(w, absent, first, second);
    LT_UNROLL
    for (int t = 0; t < T; ++t, x += quads_a_token) {
      ints s[vectors_64], u[vectors_64];
      LT_UNROLL
      for (int v = 0; v < vectors_64; ++v) {
        const int8_t* q = reinterpret_cast<const int8_t*>(x->q) + v * vector_bytes;
        s[v] = Codes::total(Codes::step(Codes::none(), lo[v], load_bytes(q)));
        u[v] = Codes::total(Codes::step(Codes::none(), hi[v], load_bytes(q + 64)));
      }
      const int4 all8 = load_int4(x->start8), first8 = load_int4(x->first8);
      const float4 d = load_float4(x->d);
      acc[t] = fma_float4(mul_float4(first, d), to_float4(Codes::corrected(sum_quads(s), first8)), acc[t]);
      acc[t] = fma_float4(mul_float4(second, d), to_float4(Codes::corrected(sum_quads(u), sub_int4(all8, first8))), acc[t]);
    }
  }

  // The last, incomplete four of a row. At the end of a matrix the mapping of its file may end: then they are copied.
  template <int T>
  LT_OUTLINED static void tail(float4 (&acc)[T], const uint8_t* w, const Quad32* x, int64_t quads_a_token, int64_t blocks, int64_t after) {
    const uint64_t absent = ~uint64_t(0) << 16 * blocks;
    const int64_t here = blocks / parts * block_bytes;
    if (after >= four_bytes - here) return four<T>(acc, w, x, quads_a_token, absent);
    uint8_t copy[four_bytes];
    memset(copy, 0, sizeof copy);
    memcpy(copy, w, size_t(here));
    four<T>(acc, copy, x, quads_a_token, absent);
  }

  template <int R, int T>
  static void rows(float (&v)[R][T], const uint8_t* (&w)[R], const Quad32* x, int64_t quads_a_token, int64_t blocks, int64_t ahead,
                   int64_t after) {
#if defined(LT_ISA_AVX512) || defined(LT_ISA_AVX2)
    if constexpr (R == 4 && parts == 1 && !halved<W>)
      return FourRows<Blocks32>::template rows<T>(v, w, x, quads_a_token, blocks, ahead, after);
#endif
    float4 acc[R][T];
    for (auto& row : acc)
      for (float4& a : row) a = zero_float4();
    for (; blocks >= 4; blocks -= 4, ++x) {
      LT_UNROLL
      for (int r = 0; r < R; ++r) {
        for (int i = 0; i < four_bytes; i += 64) prefetch_far(w[r] + ahead + i);
        four<T>(acc[r], w[r], x, quads_a_token, 0);
        w[r] += four_bytes;
      }
    }
    for (int r = 0; r < R; ++r) {
      if (blocks) tail<T>(acc[r], w[r], x, quads_a_token, blocks, after);
      for (int t = 0; t < T; ++t) v[r][t] = fold_chains(acc[r][t]);
    }
  }

  static void heads(uint16_t* head, const uint8_t* const* rows, int64_t b) {
    constexpr int apart = halved<W> ? 1 : 2;  // bytes from a scale to the next
    const size_t at = size_t(b / parts) * block_bytes + (halved<W> ? size_t(b % parts) * 2 : 0);
    for (int i = 0; i < group_rows; ++i)
      for (int s = 0; s < scales; ++s) head[s * group_rows + i] = Scales::read(rows[i] + at + s * apart);
  }

  static void unpack(uint8_t* record, const uint16_t* head, const uint8_t* const* rows, int64_t b, Ahead& ahead) {
    const size_t at = size_t(b / parts) * block_bytes + W::code_offset;
    for (int r = 0; r < tile_rows; ++r) {
      ahead.next();
      if constexpr (parts == 1)
        Codes::unpack(record, r, rows + r * lanes, at);
      else
        Codes::unpack(record, r, rows + r * lanes, at, int(b % parts));
    }
    join_steps(record, 8);
    float* scale = reinterpret_cast<float*>(record + code_vectors * vector_bytes);
    for (int i = 0; i < head_halfs; i += lanes) store_floats(scale + i, Scales::wide(head + i));
  }

  // The products of steps [first, last).
  template <int first, int last, int R, int T>
  static void steps(typename Codes::Sums (&s)[R][T], const uint8_t* w, const uint8_t* a) {
    const auto step = [](typename Codes::Sums sum, bytes codes, bytes x) { return Codes::step(sum, codes, x); };
    add_steps<last - first>(s, w + first * tile_rows * vector_bytes, a + first * T * 4, step);
  }

  // Half n of a block, which has a scale of its own.
  template <int n, int R, int T>
  static void half_block(floats (&acc)[R][T], const uint8_t* w, const uint8_t* a) {
    typename Codes::Sums s[R][T];
    const int32_t *start = reinterpret_cast<const int32_t*>(a) + 8 * T, *first8 = start + 3 * T;
    LT_UNROLL
    for (int t = 0; t < T; ++t) {
      LT_UNROLL
      for (int r = 0; r < R; ++r) s[r][t] = n ? sub_dots(Codes::start(start[t]), Codes::start(first8[t])) : Codes::start(first8[t]);
    }
    steps<4 * n, 4 * n + 4>(s, w, a);
    const float* scale = reinterpret_cast<const float*>(w + code_vectors * vector_bytes) + n * group_rows;
    const float* dx = reinterpret_cast<const float*>(a) + 9 * T;
    LT_UNROLL
    for (int t = 0; t < T; ++t) {
      LT_UNROLL
      for (int r = 0; r < R; ++r) {
        const floats d = mul_floats(load_floats(scale + r * lanes), splat_float(dx[t]));
        acc[r][t] = fma_floats(d, to_floats(Codes::total(s[r][t])), acc[r][t]);
      }
    }
  }

  // The products of steps are in sum[r][t]: they are added with their scales.
  template <int R, int T>
  static void add_scaled_sums(floats (&acc)[R][T], const ints (&sum)[R][T], const uint8_t* w, const uint8_t* a) {
    const float* scale = reinterpret_cast<const float*>(w + code_vectors * vector_bytes);
    const float* dx = reinterpret_cast<const float*>(a) + 9 * T;
    LT_UNROLL
    for (int t = 0; t < T; ++t) {
      LT_UNROLL
      for (int r = 0; r < R; ++r) {
        const floats d = mul_floats(load_floats(scale + r * lanes), splat_float(dx[t]));
        acc[r][t] = fma_floats(d, to_floats(sum[r][t]), acc[r][t]);
        if constexpr (W::has_min) acc[r][t] = fma_floats(load_floats(scale + group_rows + r * lanes), splat_float(dx[T + t]), acc[r][t]);
      }
    }
  }

  // Out of line, a vector of rows after the other: registers are few.
  template <int T>
  LT_OUTLINED static void block_of_halves(floats (&acc)[tile_rows][T], const uint8_t* w, const uint8_t* a) {
    const int32_t* start = reinterpret_cast<const int32_t*>(a) + 8 * T;
    ints sum[tile_rows][T];
    LT_UNROLL
    for (int r = 0; r < tile_rows; ++r) {
      load_anew(a);
      dots upper[T], lower[T];
      LT_UNROLL
      for (int t = 0; t < T; ++t) upper[t] = start_dots(start[t]), lower[t] = zero_dots();
      LT_UNROLL
      for (int k = 0; k < 8; ++k) {
        const uint8_t* codes = w + (k * tile_rows + r) * vector_bytes;
        const bytes first = load_bytes(codes), second = load_bytes(codes + 8 * tile_rows * vector_bytes);
        LT_UNROLL
        for (int t = 0; t < T; ++t) {
          const bytes x = repeat_four(a + q_at(k, T, t));
          upper[t] = dot(upper[t], first, x), lower[t] = dot(lower[t], second, x);
          pin(upper[t]), pin(lower[t]);
        }
      }
      LT_UNROLL
      for (int t = 0; t < T; ++t) sum[r][t] = dot2(sum_dots(lower[t]), upper[t], splat_int(0x00100010));
    }
    add_scaled_sums(acc, sum, w, a);
  }

  template <int R, int T>
  static void whole_block(floats (&acc)[R][T], const uint8_t* w, const uint8_t* a) {
    if constexpr (Codes::halved_codes) return block_of_halves<T>(acc, w, a);
    typename Codes::Sums s[R][T];
    const int32_t* start = reinterpret_cast<const int32_t*>(a) + 8 * T;
    LT_UNROLL
    for (int t = 0; t < T; ++t) {
      LT_UNROLL
      for (int r = 0; r < R; ++r) s[r][t] = Codes::start(start[t]);
    }
    steps<0, 8>(s, w, a);
    ints sum[R][T];
    LT_UNROLL
    for (int t = 0; t < T; ++t) {
      LT_UNROLL
      for (int r = 0; r < R; ++r) sum[r][t] = Codes::whole(s[r][t], start[t]);
    }
    add_scaled_sums(acc, sum, w, a);
  }

  // R vectors of rows of a block, the first of which is at w.
  template <int R, int T>
  static void some_rows(floats (&acc)[R][T], const uint8_t* w, const uint8_t* a) {
    if constexpr (halved<W>)
      half_block<0>(acc, w, a), half_block<1>(acc, w, a);
    else
      whole_block(acc, w, a);
  }

  template <int T>
  static void block(floats (&acc)[tile_rows][T], const uint8_t* w, const uint8_t* a) {
    if constexpr (rows_at_once < tile_rows)
      by_parts(acc, w, [&](auto& part, const uint8_t* from) { some_rows(part, from, a); });
    else
      some_rows(acc, w, a);
  }

  template <int T>
  static void chain(floats (&sum)[tile_rows][T], const uint8_t*& w, const uint8_t*& a, int64_t n, Ahead& ahead) {
    if constexpr (rows_at_once < tile_rows) return chain_by_parts(sum, w, a, n, ahead);
    floats acc[tile_rows][T];
    for (auto& r : acc)
      for (floats& v : r) v = zero_floats();
    LT_ROLLED
    for (; n; --n, w += record_bytes, a += token_bytes * T) {
      ahead.next();
      block<T>(acc, w, a);
    }
    for (int r = 0; r < tile_rows; ++r)
      for (int t = 0; t < T; ++t) sum[r][t] = acc[r][t];
  }

  // The same where not all sums fit the registers: some rows of as many blocks as the first cache has room for, then the others of these.
  template <int T>
  LT_OUTLINED static void chain_by_parts(floats (&sum)[tile_rows][T], const uint8_t*& w, const uint8_t*& a, int64_t n, Ahead& ahead) {
    constexpr int64_t most = 8;
    for (auto& r : sum)
      for (floats& v : r) v = zero_floats();
    for (int64_t count; n; n -= count, w += count * record_bytes, a += count * token_bytes * T) {
      count = n < most ? n : most;
      for (int64_t i = 0; i < count; ++i) ahead.next();
      by_parts(sum, w, [&](auto& part, const uint8_t* from) {
        const uint8_t* x = a;
        LT_ROLLED
        for (int64_t i = 0; i < count; ++i, from += record_bytes, x += token_bytes * T) some_rows(part, from, x);
      });
    }
  }

#ifdef LT_ISA_AMX
  static void run(const MatmulPiece& p);
#else
  static void run(const MatmulPiece& p) {
    using Panels = Blocks32<W, typename CodesOfPanels<C>::type>;
    if (by_tile(p.x_rows, p.cols)) return p.x_rows <= few_rows ? run_few<Blocks32>(p) : run_panels<Panels>(p);
    run_rows<Blocks32, Quad32>(p);
  }
#endif
};

}  // namespace lt::cpu::LT_ISA

#ifdef LT_ISA_AMX
#include "backend/cpu/kernels/matmul/amx/tiles32.h"
#endif
