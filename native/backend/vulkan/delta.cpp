#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {

void VulkanOps::delta(Tensor y, Tensor q, Tensor k, Tensor v, Tensor decay, Tensor beta, State state, const Delta& d, const Rows& rows) {
  const int64_t size = k.cols / d.key_heads, dim = v.cols / d.value_heads;
  const struct {
    uint64_t y, q, k, v, decay, beta, states, starts, reads, writes;
    uint32_t y_stride, q_stride, k_stride, v_stride, decay_stride, beta_stride, state_stride, starts_stride, reads_stride, writes_stride;
    uint32_t key_heads, value_heads, size, dim, decays, tiled, sequences;
  } given{address(y),
          address(q),
          address(k),
          address(v),
          address(decay),
          address(beta),
          address(state.slots),
          address(rows.starts),
          address(rows.reads),
          address(rows.writes),
          word_stride(y),
          word_stride(q),
          word_stride(k),
          word_stride(v),
          word_stride(decay),
          word_stride(beta),
          word_stride(state.slots),
          word_stride(rows.starts),
          word_stride(rows.reads),
          word_stride(rows.writes),
          count(d.key_heads),
          count(d.value_heads),
          count(size),
          count(dim),
          count(decay.cols / d.value_heads),
          d.tiled ? 1u : 0u,
          count(sequences(rows))};
  dispatch("delta" + size_of_state("delta", size), given, {d.value_heads * groups_of(dim, 64), sequences(rows)});
}

}  // namespace lt::vulkan
