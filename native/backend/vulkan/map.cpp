#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {

// The numbers of map.comp.
static_assert(static_cast<int>(Act::none) == 0 && static_cast<int>(Act::silu) == 1 && static_cast<int>(Act::gelu) == 2 &&
              static_cast<int>(Act::gelu_tanh) == 3 && static_cast<int>(Act::relu) == 4 && static_cast<int>(Act::relu2) == 5 &&
              static_cast<int>(Act::sigmoid) == 6 && static_cast<int>(Act::softplus) == 7 && static_cast<int>(Act::tanh) == 8 &&
              static_cast<int>(Act::clamp) == 9 && static_cast<int>(Act::swiglu) == 10 && static_cast<int>(Act::elu) == 11);

void VulkanOps::map(Tensor y, Tensor a, Tensor b, const Map& m) {
  enum : uint32_t { alone, times, plus };  // what b does
  const struct {
    uint64_t y, a, b;
    uint32_t y_stride, a_stride, b_stride, stretch, cols, rows, act, joins;
    float inner, outer, limit;
  } push{address(y),
         address(a),
         address(b),
         word_stride(y),
         word_stride(a),
         b.rows > 1 ? word_stride(b) : 0,
         b ? count(y.cols / b.cols) : 1,
         count(y.cols),
         count(y.rows),
         static_cast<uint32_t>(m.act),
         !b       ? alone
         : m.adds ? plus
                  : times,
         m.inner,
         m.outer,
         m.limit};
  dispatch("map", push, {groups_of(y.cols, 64), y.rows});
}

}  // namespace lt::vulkan
