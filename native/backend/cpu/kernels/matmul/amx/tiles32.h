// Blocks of 32 values on tiles: each block is a product of half a tile's columns, whose whole numbers become floats and are added to its
// chain's sums. A piece is sixteen blocks, four of each chain, so that sums are read and written once in two blocks and not in each.
//
// By published figures the products of 16 x 32 outputs and a block take 32 cycles, what is done with them meanwhile 48 (three instructions
// on 32 vectors, at two a cycle).
#pragma once
#include "backend/cpu/kernels/matmul/amx/run.h"

namespace lt::cpu::LT_ISA {

constexpr int piece_blocks = 16;

// Codes as signed bytes, as far as the block's record has them, and scales.
template <class W>
struct TileRecord32 {
  alignas(64) uint8_t block[piece_blocks][Blocks32<W>::record_bytes];
};

// What a tile of n tokens has of `blocks` blocks (activations.h).
struct TileTokens32 {
  const uint8_t* at;
  int64_t n, blocks;
  const uint8_t* q(int64_t block) const { return at + block * n * 32; }
  const float* d(int64_t block) const { return reinterpret_cast<const float*>(at + (blocks * 32 + block * 8) * n); }
  const float* sum(int64_t block) const { return d(block) + n; }
};

// Blocks `first` and, where there is one, first + 4 of a tile of tokens, which are of one chain.
struct TileStep32 {
  TileTokens32 a;
  int64_t first, count;
  float* sums;
};

struct TileProducts32 {
  alignas(64) int32_t of[2][2][tile_rows][most_tile_rows][lanes];  // [turn][block][rows][token]
};

template <bool has_min>
struct TileBlocks32 {
  static constexpr int record_bytes = (8 + 1 + has_min) * tile_rows * vector_bytes;
  static constexpr int tokens0 = 4, tokens1 = 5, weights0 = 6, weights1 = 7;  // tiles; the products are in the first four

  static void shapes(TileShapes& to, int64_t most_tokens) {
    for (const int c : {0, 1, 2, 3}) to.set(c, most_tokens, tile_row_bytes);
    for (const int a : {tokens0, tokens1}) to.set(a, most_tokens, 32);
    for (const int b : {weights0, weights1}) to.set(b, 8, tile_row_bytes);
  }

  template <int block, int a>
  static void multiply(const uint8_t* w, const uint8_t* q, int32_t (&to)[tile_rows][most_tile_rows][lanes]) {
    constexpr int c0 = 2 * block, c1 = c0 + 1;
    load_tile<a>(q, 32);
    load_tile<weights0>(w, tile_rows * vector_bytes);
    zero_tile<c0>();
    dot_tiles<c0, a, weights0>();
    load_tile<weights1>(w + vector_bytes, tile_rows * vector_bytes);
    zero_tile<c1>();
    dot_tiles<c1, a, weights1>();
    store_tile<c0>(to[0], tile_row_bytes);
    store_tile<c1>(to[1], tile_row_bytes);
  }
  static void multiply(const TileStep32& step, const uint8_t* w, int32_t (&to)[2][tile_rows][most_tile_rows][lanes]) {
    multiply<0, tokens0>(w + step.first * record_bytes, step.a.q(step.first), to[0]);
    if (step.count == 2) multiply<1, tokens1>(w + (step.first + 4) * record_bytes, step.a.q(step.first + 4), to[1]);
  }

  // T tokens from t on.
  template <int T>
  static void add(const TileStep32& step, const uint8_t* w, const int32_t (&products)[2][tile_rows][most_tile_rows][lanes], int64_t t) {
    floats acc[T][tile_rows];
    float* const sums = step.sums + t * group_rows;
    LT_UNROLL
    for (int i = 0; i < T; ++i) {
      LT_UNROLL
      for (int r = 0; r < tile_rows; ++r) acc[i][r] = load_floats(sums + (i * tile_rows + r) * lanes);
    }
    for (int64_t k = 0; k < step.count; ++k) {
      const int64_t block = step.first + 4 * k;
      const float* scale = reinterpret_cast<const float*>(w + block * record_bytes + 8 * tile_rows * vector_bytes);
      const float *d = step.a.d(block) + t, *sum = step.a.sum(block) + t;
      LT_UNROLL
      for (int i = 0; i < T; ++i) {
        LT_UNROLL
        for (int r = 0; r < tile_rows; ++r) {
          const floats both = mul_floats(load_floats(scale + r * lanes), splat_float(d[i]));
          acc[i][r] = fma_floats(both, to_floats(load_ints(products[k][r][t + i])), acc[i][r]);
          if constexpr (has_min) acc[i][r] = fma_floats(load_floats(scale + group_rows + r * lanes), splat_float(sum[i]), acc[i][r]);
        }
      }
    }
    LT_UNROLL
    for (int i = 0; i < T; ++i) {
      LT_UNROLL
      for (int r = 0; r < tile_rows; ++r) store_floats(sums + (i * tile_rows + r) * lanes, acc[i][r]);
    }
  }
  static void add(const TileStep32& step, const uint8_t* w, const int32_t (&products)[2][tile_rows][most_tile_rows][lanes]) {
    int64_t t = 0;
    for (; t + 4 <= step.a.n; t += 4) add<4>(step, w, products, t);
    for (; t < step.a.n; ++t) add<1>(step, w, products, t);
  }

  LT_OUTLINED static void multiply(const TilePart& part, const uint8_t* w, TileProducts32& products) {
    const int64_t blocks = part.count / 32;
    TileStep32 before{};
    int turn = 0;
    for (int64_t i = part.first; i < part.last; ++i) {
      const TileTokens32 a{part.a + part.tiles.first(i) * blocks * amx_bytes_32, part.tiles.width(i), blocks};
      for (int64_t chain = 0; chain < 4; ++chain) {
        for (int64_t first = chain; first < blocks; first += 8) {
          const TileStep32 now{a, first, first + 4 < blocks ? 2 : 1, part.sums_of(chain, i)};
          multiply(now, w, products.of[turn]);
          turn ^= 1;
          if (before.count) add(before, w, products.of[turn]);
          before = now;
        }
      }
    }
    if (before.count) add(before, w, products.of[turn ^ 1]);
  }
};

template <class W>
struct Tiles32 {
  static_assert(parts_of<W> == 1 && !halved<W>);
  using From = Blocks32<W>;
  using Codes = typename W::Codes;
  using Blocks = TileBlocks32<W::has_min>;
  using Record = TileRecord32<W>;
  using Work = TileProducts32;
  static constexpr int64_t columns = piece_blocks * 32, token_bytes = piece_blocks * amx_bytes_32;
  static constexpr int64_t unpack_calls = piece_blocks * From::unpack_calls;
  static_assert(Blocks::record_bytes == From::record_bytes);

  static void shapes(TileShapes& to, int64_t tokens) { Blocks::shapes(to, tokens); }

  // What codes of this type are too large by: the sum of q is given as -8 times itself, and starts begin with -offset times it.
  static bytes offset() {
    const ints of_one = Codes::total(Codes::start(1));  // offset / 8
    return as_bytes(mul_ints(of_one, splat_int(0x08080808)));
  }

  static void unpack(Record& to, Work&, const uint8_t* const* rows, int64_t first, int64_t count, Ahead& ahead) {
    alignas(64) uint16_t head[From::head_halfs];
    for (int64_t b = 0; b < count / 32; ++b) {
      uint8_t* const record = to.block[b];
      From::heads(head, rows, first / 32 + b);
      From::unpack(record, head, rows, first / 32 + b, ahead);
      for (int v = 0; v < 8 * tile_rows; ++v)
        store_bytes(record + v * vector_bytes, sub_bytes(load_bytes(record + v * vector_bytes), offset()));
    }
  }

  static void multiply(const TilePart& part, const Record& w, Work& work) { Blocks::multiply(part, w.block[0], work); }
};

template <class W, class C>
void Blocks32<W, C>::run(const MatmulPiece& p) {
  run_tiles<Tiles32<W>>(p);
}

}  // namespace lt::cpu::LT_ISA
