#include "backend/gpu/kernels/weights.h"

#include <array>

#include "quant/type.h"
#include "quant/types.inc"

namespace lt::gpu::LT_GPU {

#define LT_DECLARE(T) TypeKernels weights_##T();
LT_QUANT_TYPES(LT_DECLARE)
#undef LT_DECLARE

const TypeKernels& weights(Type type) {
  static const std::array<TypeKernels, 256> by_id = [] {
    std::array<TypeKernels, 256> all{};
#define LT_ENTER(T) all[static_cast<uint8_t>(quant::T::id)] = weights_##T();
    LT_QUANT_TYPES(LT_ENTER)
#undef LT_ENTER
    return all;
  }();
  const TypeKernels& found = by_id[static_cast<uint8_t>(type)];
  if (!found.matmul) throw Error(Code::internal, std::string(backend_name) + ": no weights are of type " + quant::info(type).name);
  return found;
}

}  // namespace lt::gpu::LT_GPU
