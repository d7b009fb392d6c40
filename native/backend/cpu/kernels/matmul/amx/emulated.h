// The instructions of tile.h in plain C++, from their operation in Intel's manual (volume 2: LDTILECFG, TILELOADD, TILESTORED, TILEZERO,
// TDPBSSD, TDPBSUD, TILERELEASE), for checks on CPUs that have none. What would be an undefined instruction there throws.
#pragma once
#include <cstring>
#include <stdexcept>

#include "backend/cpu/kernels/matmul/amx/tile.h"

namespace lt::cpu::LT_ISA {

struct EmulatedTile {
  uint8_t byte[most_tile_rows][tile_row_bytes];
};

struct EmulatedTiles {
  bool configured = false;
  TileShapes shapes;
  EmulatedTile tile[tiles_in_all];

  int rows(int t) const { return shapes.rows[t]; }
  int row_bytes(int t) const { return shapes.row_bytes[t]; }
  void expect(bool defined) const {
    if (!configured || !defined) throw std::logic_error("undefined instruction on tiles");
  }
  void expect_tile(int t) const { expect(rows(t) > 0 && row_bytes(t) > 0); }
};

inline EmulatedTiles& emulated_tiles() {
  static thread_local EmulatedTiles tiles;
  return tiles;
}

inline void configure_tiles(const TileShapes& shapes) {
  EmulatedTiles& all = emulated_tiles();
  all = {};
  all.configured = true;
  all.shapes = shapes;
  all.expect(shapes.palette == 1);
  for (const uint8_t b : shapes.reserved) all.expect(b == 0);
  for (int t = 0; t < 16; t++) {
    all.expect(t < tiles_in_all ? all.rows(t) <= most_tile_rows && all.row_bytes(t) <= tile_row_bytes : !all.rows(t) && !all.row_bytes(t));
    all.expect((all.rows(t) == 0) == (all.row_bytes(t) == 0));
  }
}
inline void release_tiles() { emulated_tiles() = {}; }

template <int t>
void load_tile(const void* p, int64_t stride) {
  EmulatedTiles& all = emulated_tiles();
  all.expect_tile(t);
  all.tile[t] = {};
  for (int r = 0; r < all.rows(t); r++)
    std::memcpy(all.tile[t].byte[r], static_cast<const uint8_t*>(p) + r * stride, static_cast<size_t>(all.row_bytes(t)));
}
template <int t>
void store_tile(void* p, int64_t stride) {
  const EmulatedTiles& all = emulated_tiles();
  all.expect_tile(t);
  for (int r = 0; r < all.rows(t); r++)
    std::memcpy(static_cast<uint8_t*>(p) + r * stride, all.tile[t].byte[r], static_cast<size_t>(all.row_bytes(t)));
}
template <int t>
void zero_tile() {
  emulated_tiles().expect_tile(t);
  emulated_tiles().tile[t] = {};
}

inline void emulated_dot(int c, int a, int b, bool unsigned_b) {
  EmulatedTiles& all = emulated_tiles();
  for (const int t : {a, b, c}) all.expect_tile(t);
  all.expect(a != b && a != c && b != c && all.rows(c) == all.rows(a) && all.row_bytes(c) == all.row_bytes(b) &&
             all.row_bytes(a) == 4 * all.rows(b) && all.row_bytes(c) % 4 == 0);
  EmulatedTile to = {};
  for (int m = 0; m < all.rows(c); m++) {
    for (int n = 0; n < all.row_bytes(c); n += 4) {
      int32_t sum;
      std::memcpy(&sum, all.tile[c].byte[m] + n, 4);
      for (int k = 0; k < all.row_bytes(a); k++) {
        const uint8_t second = all.tile[b].byte[k / 4][n + k % 4];
        sum += static_cast<int8_t>(all.tile[a].byte[m][k]) * (unsigned_b ? int{second} : int{static_cast<int8_t>(second)});
      }
      std::memcpy(to.byte[m] + n, &sum, 4);
    }
  }
  all.tile[c] = to;
}
template <int c, int a, int b>
void dot_tiles() {
  emulated_dot(c, a, b, false);
}
template <int c, int a, int b>
void dot_tiles_unsigned() {
  emulated_dot(c, a, b, true);
}

}  // namespace lt::cpu::LT_ISA
