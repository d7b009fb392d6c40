#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {
namespace {

constexpr int64_t widest = 8;  // as in conv.comp

}  // namespace

void VulkanOps::conv(Tensor y, Tensor x, State state, const Conv& conv, const Rows& rows) {
  if (conv.w.cols > widest)
    throw Error(Code::unsupported, "vulkan: expected a convolution over at most " + std::to_string(widest) + " rows, found " +
                                       std::to_string(conv.w.cols) + "; keep the model on the CPU");
  const struct {
    uint64_t y, x, states, w, b, starts, reads, writes;
    uint32_t y_stride, x_stride, state_stride, w_stride, starts_stride, reads_stride, writes_stride, cols, width, biased, sequences;
  } push{address(y),
         address(x),
         address(state.slots),
         address(conv.w),
         address(conv.b),
         address(rows.starts),
         address(rows.reads),
         address(rows.writes),
         word_stride(y),
         word_stride(x),
         word_stride(state.slots),
         word_stride(conv.w),
         word_stride(rows.starts),
         word_stride(rows.reads),
         word_stride(rows.writes),
         count(x.cols),
         count(conv.w.cols),
         conv.b ? 1u : 0u,
         count(sequences(rows))};
  dispatch("conv", push, {groups_of(x.cols, 64), sequences(rows)});
}

}  // namespace lt::vulkan
