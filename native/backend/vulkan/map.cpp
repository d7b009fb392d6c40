#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {
namespace {

const char* name_of(Act act) {
  switch (act) {
    case Act::silu:
      return "gate_silu";
  }
  throw Error(Code::internal, "vulkan: gate of an unknown activation");
}

}  // namespace

void VulkanOps::gate(Tensor y, Tensor g, Tensor u, Act act) {
  const struct {
    uint64_t y, g, u;
    uint32_t y_stride, g_stride, u_stride, cols, rows;
  } push{address(y),     address(g),     address(u),  //
         word_stride(y), word_stride(g), word_stride(u), static_cast<uint32_t>(y.cols), count(y.rows)};
  dispatch(name_of(act), push, {groups_of(y.cols, 64), y.rows});
}

}  // namespace lt::vulkan
