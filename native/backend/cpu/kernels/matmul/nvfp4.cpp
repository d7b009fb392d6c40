// NVFP4: u8 scales[4], E4M3; u8 nibbles[32], each a number of four bits. Of 64 values, sixteen a scale: value j of a sub-block in the low,
// value j + 8 in the high nibble of its byte j.
#include "backend/cpu/kernels/matmul/blocks32.h"
#include "backend/cpu/kernels/matmul/levels.h"

namespace lt::cpu::LT_ISA {
namespace {

struct E4m3s {
  static uint16_t read(const uint8_t* p) { return e4m3_half(*p); }
  static floats wide(const uint16_t* d) { return mul_floats(load_halfs_wide(d), splat_float(e4m3_factor)); }

  // The scales of four parts: what e4m3_half does, eight at a time.
  static void four(const uint8_t* w, uint64_t absent, float4& first, float4& second) {
    constexpr uint64_t words = 0x0001000100010001;
    uint64_t s = (load32(w) | uint64_t(load32(w + 36)) << 32) & 0x7f * 0x101 * words;
    const uint64_t no_number = (s + 0x101 * words) & 0x8080 * words;  // 0x7f: the top bit of its byte
    s &= ~(no_number - (no_number >> 7));
    absent &= 0x8000 * words;
    const float4 factor = halfs_to_float4(0x5800 * words);
    first = mul_float4(halfs_to_float4((s & 0xff * words) << 7 | absent), factor);
    second = mul_float4(halfs_to_float4((s >> 8 & 0xff * words) << 7 | absent), factor);
  }
};
static_assert(e4m3_factor == 128, "0x5800 as a half");

struct RaisedFp4 : Fives {
  static bytes level(bytes nibbles) { return lookup(repeat_quad(Fp4Levels::raised), nibbles); }

  static void halves(const uint8_t* w, int v, bytes& lo, bytes& hi) {
    const uint8_t* part[4 * quads];
    for (int i = 0; i < quads; ++i) part[4 * i] = w + (v * quads + i) / 2 * 36 + (v * quads + i) % 2 * 16;
    bytes low, high;
    split(load_quad_rows(part, 0), low, high);
    low = level(low), high = level(high);
    lo = lower_eights(low, high), hi = upper_eights(low, high);
  }
  static void unpack(uint8_t* q, int r, const uint8_t* const* rows, size_t offset_in_row, int part) {
    bytes x[4];
    load_columns(x, rows, offset_in_row + size_t(part) * 16);
    for (int k = 0; k < 4; ++k) {  // eight bytes a sub-block
      bytes low, high;
      split(x[k], low, high);
      uint8_t* to = q + ((k / 2 * 4 + k % 2) * tile_rows + r) * vector_bytes;
      store_bytes(to, level(low));
      store_bytes(to + 2 * tile_rows * vector_bytes, level(high));
    }
  }
};

struct NVFP4 {
  static constexpr int block_bytes = 36, code_offset = 4, parts = 2;
  static constexpr bool has_min = false, halved = true;
  using Codes = RaisedFp4;
  using Scales = E4m3s;
};

}  // namespace

extern const MatmulKernel matmul_nvfp4 = {40, Format::q8_32, group_rows, Blocks32<NVFP4>::run};

}  // namespace lt::cpu::LT_ISA
