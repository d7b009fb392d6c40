// The eight tile registers of AMX, each of up to 16 rows of up to 64 bytes. As assembly, since the numbers of tiles are part of an
// instruction: intrinsics take them as macros do, not as parameters of a template. Where LT_AMX_EMULATED, the same in plain C++.
//   configure_tiles(shapes), release_tiles()   the thread's tiles from one to the other: live ones cost every switch of threads 8 KB
//   load_tile<t>, store_tile<t>                its rows, `stride` bytes apart
//   zero_tile<t>
//   dot_tiles<c, a, b>                         c[m][n] += sum over k of a[m][4 k + i] * b[k][4 n + i], signed bytes; int32 in c
//   dot_tiles_unsigned<c, a, b>                the same, bytes of b without a sign
#pragma once
#include <cstddef>
#include <cstdint>

namespace lt::cpu::LT_ISA {

constexpr int tiles_in_all = 8, most_tile_rows = 16, tile_row_bytes = 64, tile_bytes = most_tile_rows * tile_row_bytes;

// What the instruction reads.
struct alignas(64) TileShapes {
  uint8_t palette = 1, start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  void set(int tile, int64_t rows_of_it, int64_t bytes) {
    rows[tile] = static_cast<uint8_t>(rows_of_it);
    row_bytes[tile] = static_cast<uint16_t>(bytes);
  }
};
static_assert(sizeof(TileShapes) == 64);

}  // namespace lt::cpu::LT_ISA

#ifdef LT_AMX_EMULATED
#include "backend/cpu/kernels/matmul/amx/emulated.h"
#else

namespace lt::cpu::LT_ISA {

inline void configure_tiles(const TileShapes& shapes) { __asm__ volatile("ldtilecfg %0" : : "m"(shapes) : "memory"); }
inline void release_tiles() { __asm__ volatile("tilerelease" : : : "memory"); }

template <int t>
inline void load_tile(const void* p, int64_t stride) {
  __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(p), "r"(stride), "i"(t) : "memory");
}
template <int t>
inline void store_tile(void* p, int64_t stride) {
  __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(p), "r"(stride), "i"(t) : "memory");
}
template <int t>
inline void zero_tile() {
  __asm__ volatile("tilezero %%tmm%c0" : : "i"(t));
}
template <int c, int a, int b>
inline void dot_tiles() {
  __asm__ volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(c), "i"(a), "i"(b));
}
template <int c, int a, int b>
inline void dot_tiles_unsigned() {
  __asm__ volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(c), "i"(a), "i"(b));
}

}  // namespace lt::cpu::LT_ISA
#endif
