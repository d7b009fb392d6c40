#include <cstring>

#include "backend/cpu/cpu.h"

namespace lt::cpu {

void Cpu::store_kv(const Kv& kv, Tensor k, Tensor v, const Rows& rows) {
  const auto store = [&](Tensor to, int64_t slot, const float* from) {
    void* at = to.row<void>(slot);
    if (to.type == Type::f32)
      std::memcpy(at, from, static_cast<size_t>(to.cols) * 4);
    else if (to.type == Type::f16)
      kernels_.to_f16(static_cast<uint16_t*>(at), from, to.cols);
    else
      kernels_.to_q8_0(static_cast<uint8_t*>(at), from, to.cols);
  };
  each_row(k.rows, k.cols * 2, [&](int64_t r) {
    const int64_t place = *rows.places.row<const int32_t>(r), sequence = *rows.sequences.row<const int32_t>(r);
    const int64_t page = rows.pages[kv.group].row<const int32_t>(sequence)[place / Kv::page_size];
    for (int64_t h = 0; h < kv.heads; h++) {
      const int64_t slot = (page * kv.heads + h) * Kv::page_size + place % Kv::page_size;
      store(kv.k, slot, k.row<const float>(r) + h * kv.k.cols);
      if (!kv.latent()) store(kv.v, slot, v.row<const float>(r) + h * kv.v.cols);
    }
  });
}

}  // namespace lt::cpu
