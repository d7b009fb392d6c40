#include "backend/gpu/kernels/weights.h"

#include <array>

#include "quant/type.h"
#include "quant/types.inc"

namespace lt::gpu::LT_GPU {

#define LT_DECLARE(T) extern const Weights weights_##T;
LT_QUANT_TYPES(LT_DECLARE)
#undef LT_DECLARE

const Weights& weights(Type type) {
  static const std::array<const Weights*, 256> by_id = [] {
    std::array<const Weights*, 256> all{};
#define LT_ENTER(T) all[static_cast<uint8_t>(quant::T::id)] = &weights_##T;
    LT_QUANT_TYPES(LT_ENTER)
#undef LT_ENTER
    return all;
  }();
  if (const Weights* found = by_id[static_cast<uint8_t>(type)]) return *found;
  throw Error(Code::internal, std::string(backend_name) + ": no weights are of type " + quant::info(type).name);
}

}  // namespace lt::gpu::LT_GPU
