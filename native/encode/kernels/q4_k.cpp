#include "quant/q4_k.h"

#include "encode/kernels/scale_min.h"
#include "encode/kernels/super_affine.h"

namespace lt::encode::LT_ISA {
namespace {

constexpr int n = 32, subs = 8, supers = side_by_side / subs;
constexpr SuperAffinePlan plan{{3, 6, 3, -0.2f, 0.4f, -1.2f, 0.4f}, 63, 12, 3};

void pack(const SuperAffine& a, f32x16* codes, f32x16 unit, int count, quant::Q4_K::Block* out) {
  uint8_t q[supers * 256], scale[side_by_side], min[side_by_side];
  uint16_t d[side_by_side], dmin[side_by_side];
  scatter<n>(codes, q);
  store_bytes(scale, a.scale);
  store_bytes(min, a.min);
  store_halves(d, a.d, unit);
  store_halves(dmin, a.dmin, unit);
  for (int b = 0; b < count; b++) {
    out[b].d = d[subs * b], out[b].dmin = dmin[subs * b];
    pack_scale_min(scale + subs * b, min + subs * b, out[b].scales);
    for (int c = 0; c < 4; c++) {
      const uint8_t* chunk = q + 256 * b + 64 * c;
      for (int l = 0; l < 32; l++) out[b].qs[32 * c + l] = static_cast<uint8_t>(chunk[l] | chunk[32 + l] << 4);
    }
  }
}

void run(const Row& row, void* blocks) {
  over_blocks<n, subs>(row, [&](Lanes<n, subs>& v, int64_t block, int count) {
    normalize(v);
    const SuperAffine a = search_super_affine(v, 15, plan);
    affine_codes(v, a.d * a.scale, a.dmin * a.min, 15);
    pack(a, v.x, v.unit, count, static_cast<quant::Q4_K::Block*>(blocks) + block);
  });
}

}  // namespace

const Encoder encode_q4_k{12, run};

}  // namespace lt::encode::LT_ISA
