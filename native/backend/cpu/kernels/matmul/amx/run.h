// The matmul of many tokens on tiles. Columns are cut into pieces, of which group_rows weight rows are unpacked at a time, and stay in the
// first cache while all tokens pass: what a tile of tokens takes of a second cache meanwhile are its own values, and its sums. Of each
// output the sums of all four chains wait in the scratch, as in few.h; they are those of blocks32.h and blocks256.h, bit by bit.
//
// A kernel K gives: columns of a piece; token_bytes of a piece in the prepared rows (activations.h); Record, a piece of the group's rows;
// Work, its own scratch; unpack_calls; and
//   shapes(shapes, tokens)                             of the tiles it uses, of so many tokens at a time
//   unpack(record, work, rows, first, count, ahead)    columns [first, first + count) of the rows
//   multiply(part, record, work)                       adds to the sums of all tokens of the part
#pragma once
#include <initializer_list>

#include "backend/cpu/kernels/matmul/amx/tile.h"
#include "backend/cpu/kernels/matmul/few.h"

namespace lt::cpu::LT_ISA {

inline bytes sub_bytes(bytes a, bytes b) { return _mm512_sub_epi8(a, b); }
inline bytes sub_words(bytes a, bytes b) { return _mm512_sub_epi16(a, b); }

// Some tiles of tokens and a piece of columns.
struct TilePart {
  const Tiles& tiles;
  int64_t first, last;  // tiles
  const uint8_t* a;     // the piece of the first token of all
  int64_t at, count;    // columns [at, at + count)
  float* sums;          // [chain][token of the part][group_rows]

  int64_t tokens() const { return tiles.first(last) - tiles.first(first); }
  float* sums_of(int64_t chain, int64_t tile) const {
    return sums + (chain * tokens() + tiles.first(tile) - tiles.first(first)) * group_rows;
  }
};

// Tokens that go together: as many as the second cache of a CPU with AMX holds half of, but enough that unpacking takes little beside them.
template <class K>
int64_t tiles_together(int64_t cols, int64_t scratch) {
  constexpr int64_t cached = 1 << 20, enough = 256, sums = 4 * group_rows * int64_t{sizeof(float)};
  const int64_t fit = cached * K::columns / (cols * K::token_bytes), some = fit > enough ? fit : enough;
  return (some * sums < scratch ? some : scratch / sums) / amx_tokens;
}

template <class K>
void run_tiles(const MatmulPiece& p) {
  using Record = typename K::Record;
  using Work = typename K::Work;
  constexpr size_t taken = sizeof(Record) + sizeof(Work);
  static_assert(taken + 4 * group_rows * sizeof(float) * amx_tokens <= panel_bytes && taken % 64 == 0);
  auto* record = reinterpret_cast<Record*>(p.panel);
  auto* work = reinterpret_cast<Work*>(p.panel + sizeof(Record));
  auto* sums = reinterpret_cast<float*>(p.panel + taken);
  const Tiles tiles(p.x_rows, amx_tokens);
  const int64_t together = tiles_together<K>(p.cols, int64_t{panel_bytes - taken}), pieces = (p.cols + K::columns - 1) / K::columns;
  TileShapes shapes;
  K::shapes(shapes, tiles.width(0));
  configure_tiles(shapes);
  for (int64_t first = 0; first < tiles.count; first += together) {
    const int64_t last = first + together < tiles.count ? first + together : tiles.count;
    for (int64_t m = p.first; m < p.last; m += group_rows) {
      const Group group(p, m);
      Ahead ahead = group.ahead(p, pieces * K::unpack_calls);
      TilePart part{tiles, first, last, static_cast<const uint8_t*>(p.prepared), 0, K::columns, sums};
      memset(sums, 0, sizeof(float) * size_t(4 * group_rows * part.tokens()));
      for (; part.at < p.cols; part.at += K::columns, part.a += p.x_rows * K::token_bytes) {
        if (p.cols - part.at < K::columns) part.count = p.cols - part.at;
        K::unpack(*record, *work, group.rows, part.at, part.count, ahead);
        K::multiply(part, *record, *work);
      }
      store_sums(p, group, sums, tiles.first(first), part.tokens());
    }
  }
  release_tiles();
}

}  // namespace lt::cpu::LT_ISA
