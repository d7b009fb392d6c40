// Blocks of 256 values on tiles. A weight's code times its sub-block's scale, which fits 16 bits, is unpacked as a low byte without a sign
// and a signed high one: two planes, each multiplied over all 256 columns in full tiles, S = low + 256 * high. So nothing has to be scaled
// after every 32 columns. Where such products fit a byte (Q2_K) there is one plane.
//
// By published figures a product of full tiles takes 16 cycles: 16 x 32 outputs of a block take 256 with two planes; what is done with them
// meanwhile takes about 80 cycles, with minimums 180, of the products of the tile before.
#pragma once
#include "backend/cpu/kernels/matmul/amx/run.h"

namespace lt::cpu::LT_ISA {

static_assert(tile_rows == 2 && lanes == most_tile_rows);

// pairs: of minimums, 16 bits each, as the prepared rows have sums of q: 4 of sub-blocks of 32, or 8 of 16, or none.
template <int planes, int pairs>
struct TileRecord256 {
  alignas(64) uint8_t codes[planes][tile_rows][64][tile_row_bytes];  // [four columns][row, column]
  int32_t minimums[pairs ? pairs : 1][tile_rows][lanes];
  float d[tile_rows][lanes], negative_dmin[tile_rows][lanes];
};

// Of a tile of tokens; by turns: while one is filled, what the other has is added to the sums.
struct TileProducts256 {
  alignas(64) int32_t of[2][tile_rows][2][most_tile_rows][lanes];  // [turn][rows][plane][token]
};

// What a tile of n tokens has of a block (activations.h).
struct TileTokens256 {
  const uint8_t* at;
  int64_t n;
  const uint8_t* q(int k) const { return at + k * n * tile_row_bytes; }
  float d(int64_t t) const { return reinterpret_cast<const float*>(at + 256 * n)[t]; }
  int32_t sums_32(int pair, int64_t t) const { return reinterpret_cast<const int32_t*>(at + 260 * n)[pair * n + t]; }
  int32_t sums_16(int pair, int64_t t) const { return reinterpret_cast<const int32_t*>(at + 276 * n)[pair * n + t]; }
};

template <int planes, int pairs>
struct TileBlocks256 {
  using Record = TileRecord256<planes, pairs>;
  // Tiles: products of rows and plane, tokens, weights.
  static constexpr int low0 = 0, high0 = 1, low1 = 2, high1 = 3, tokens = 4, weights0 = 5, weights1 = 6;

  static void shapes(TileShapes& shapes, int64_t most_tokens) {
    for (const int c : {low0, high0, low1, high1, tokens}) shapes.set(c, most_tokens, tile_row_bytes);
    for (const int b : {weights0, weights1}) shapes.set(b, most_tile_rows, tile_row_bytes);
  }

  static void clear() {
    zero_tile<low0>(), zero_tile<low1>();
    if constexpr (planes == 2) zero_tile<high0>(), zero_tile<high1>();
  }

  // Columns [64 k, 64 k + 64).
  static void multiply(const Record& w, const TileTokens256& a, int k) {
    load_tile<tokens>(a.q(k), tile_row_bytes);
    load_tile<weights0>(w.codes[0][0][16 * k], tile_row_bytes);
    dot_tiles_unsigned<low0, tokens, weights0>();
    load_tile<weights1>(w.codes[0][1][16 * k], tile_row_bytes);
    dot_tiles_unsigned<low1, tokens, weights1>();
    if constexpr (planes == 2) {
      load_tile<weights0>(w.codes[1][0][16 * k], tile_row_bytes);
      dot_tiles<high0, tokens, weights0>();
      load_tile<weights1>(w.codes[1][1][16 * k], tile_row_bytes);
      dot_tiles<high1, tokens, weights1>();
    }
  }
  static void store(int32_t (&to)[tile_rows][2][most_tile_rows][lanes]) {
    store_tile<low0>(to[0][0], tile_row_bytes);
    store_tile<low1>(to[1][0], tile_row_bytes);
    if constexpr (planes == 2) {
      store_tile<high0>(to[0][1], tile_row_bytes);
      store_tile<high1>(to[1][1], tile_row_bytes);
    }
  }

  static void add(const Record& w, const TileTokens256& a, const int32_t (&products)[tile_rows][2][most_tile_rows][lanes], float* sums,
                  int64_t first, int64_t last) {
    LT_UNROLL
    for (int r = 0; r < tile_rows; ++r) {
      const floats d = load_floats(w.d[r]);
      floats negative_dmin;
      ints minimum[pairs ? pairs : 1];
      if constexpr (pairs > 0) {
        negative_dmin = load_floats(w.negative_dmin[r]);
        for (int i = 0; i < pairs; ++i) minimum[i] = load_ints(w.minimums[i][r]);
      }
      for (int64_t t = first; t < last; ++t) {
        ints s = load_ints(products[r][0][t]);
        if constexpr (planes == 2) s = add_ints(s, shl_ints<8>(load_ints(products[r][1][t])));
        floats v = mul_floats(d, to_floats(s));
        if constexpr (pairs > 0) {
          ints m = zero_ints();
          LT_UNROLL
          for (int i = 0; i < pairs; ++i) m = dot2(m, minimum[i], splat_int(pairs == 4 ? a.sums_32(i, t) : a.sums_16(i, t)));
          v = fma_floats(negative_dmin, to_floats(m), v);
        }
        float* const to = sums + (t * tile_rows + r) * lanes;
        store_floats(to, fma_floats(v, splat_float(a.d(t)), load_floats(to)));
      }
    }
  }

  // One block.
  LT_OUTLINED static void multiply(const TilePart& part, const Record& w, TileProducts256& products) {
    const int64_t chain = part.at / 256 % 4;
    TileTokens256 before{nullptr, 0};
    for (int64_t i = part.first; i <= part.last; ++i) {
      const bool more = i < part.last;
      const TileTokens256 now{part.a + part.tiles.first(i) * amx_bytes_256, part.tiles.width(i)};
      if (more) clear();
      for (int k = 0; k < 4; ++k) {
        if (more) multiply(w, now, k);
        if (before.n) add(w, before, products.of[(i - 1) & 1], part.sums_of(chain, i - 1), before.n * k / 4, before.n * (k + 1) / 4);
      }
      if (more) store(products.of[i & 1]);
      before = now;
    }
  }
};

template <class W>
struct Tiles256 {
  static constexpr int planes = W::folded ? 1 : 2, pairs = W::has_min ? W::sub_blocks / 2 : 0;
  using Blocks = TileBlocks256<planes, pairs>;
  using Record = typename Blocks::Record;
  using From = Record256<W>;
  struct Work {
    alignas(64) uint8_t record[Blocks256<W>::record_bytes];
    TileProducts256 products;
  };
  static constexpr int64_t columns = 256, token_bytes = amx_bytes_256, unpack_calls = Blocks256<W>::unpack_calls;

  static void shapes(TileShapes& to, int64_t tokens) { Blocks::shapes(to, tokens); }

  static ints pair(ints low, ints high) { return or_ints(and_ints(low, splat_int(0xffff)), shl_ints<16>(high)); }

  // Four columns of sixteen rows: codes less their offset times a scale, as two bytes each.
  static void split(bytes codes, bytes scale, uint8_t* low, uint8_t* high) {
    const bytes byte = as_bytes(splat_int(0x00ff00ff)), offset = as_bytes(splat_int(W::offset * 0x00010001));
    const bytes even = mul_words(sub_words(and_bytes(codes, byte), offset), scale);
    const bytes odd = mul_words(sub_words(shr_words<8>(codes), offset), scale);
    store_bytes(low, select_bits(byte, even, shl_words<8>(odd)));
    store_bytes(high, select_bits(byte, shr_words<8>(even), odd));
  }

  static void unpack(Record& to, Work& work, const uint8_t* const* rows, int64_t first, int64_t, Ahead& ahead) {
    uint8_t* const from = work.record;
    Blocks256<W>::unpack(from, nullptr, rows, first / 256, ahead);
    for (int r = 0; r < tile_rows; ++r) {
      for (int j = 0; j < W::sub_blocks; ++j) {
        bytes scale;
        if constexpr (!W::folded) {
          const ints s = load_ints(From::scale(from, j, r));
          scale = as_bytes(pair(s, s));
        }
        for (int k = 0; k < W::steps; ++k) {
          const bytes codes = load_bytes(From::codes(from, j, k, r));
          const int four = j * W::steps + k;
          if constexpr (W::folded)
            store_bytes(to.codes[0][r][four], codes);
          else
            split(codes, scale, to.codes[0][r][four], to.codes[1][r][four]);
        }
      }
      const auto vector = [&](int at) { return load_ints(from + (at + r) * vector_bytes); };
      store_ints(to.d[r], vector(From::d));
      if constexpr (W::has_min) {
        for (int i = 0; i < pairs; ++i) {
          const auto minimum = [&](int at) { return vector(From::minimums + at * tile_rows); };
          store_ints(to.minimums[i][r], pairs == 4 ? minimum(i) : pair(minimum(2 * i), minimum(2 * i + 1)));
        }
        const auto dmin = load_floats(reinterpret_cast<const float*>(from + (From::negative_dmin + r) * vector_bytes));
        store_floats(to.negative_dmin[r], pairs == 4 ? dmin : negate(dmin));  // Q2_K's record has it without its sign
      }
    }
  }

  static void multiply(const TilePart& part, const Record& w, Work& work) { Blocks::multiply(part, w, work.products); }
};

template <class W>
void Blocks256<W>::run(const MatmulPiece& p) {
  run_tiles<Tiles256<W>>(p);
}

}  // namespace lt::cpu::LT_ISA
