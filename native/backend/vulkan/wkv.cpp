#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {

void VulkanOps::wkv(Tensor y, Tensor r, Tensor k, Tensor v, Tensor decay, State state, const Wkv& w, const Rows& rows) {
  const int64_t size = k.cols / w.heads, dim = v.cols / w.heads;
  const struct {
    uint64_t y, r, k, v, decay, bonus, removes, replaces, states, starts, reads, writes;
    uint32_t y_stride, r_stride, k_stride, v_stride, decay_stride, removes_stride, replaces_stride, state_stride, starts_stride,
        reads_stride, writes_stride;
    uint32_t heads, size, dim, nested, has_bonus, replacing, sequences;
  } given{address(y),
          address(r),
          address(k),
          address(v),
          address(decay),
          address(w.bonus),
          address(w.removes),
          address(w.replaces),
          address(state.slots),
          address(rows.starts),
          address(rows.reads),
          address(rows.writes),
          word_stride(y),
          word_stride(r),
          word_stride(k),
          word_stride(v),
          word_stride(decay),
          word_stride(w.removes),
          word_stride(w.replaces),
          word_stride(state.slots),
          word_stride(rows.starts),
          word_stride(rows.reads),
          word_stride(rows.writes),
          count(w.heads),
          count(size),
          count(dim),
          w.nested ? 1u : 0u,
          w.bonus ? 1u : 0u,
          w.removes ? 1u : 0u,
          count(sequences(rows))};
  dispatch("wkv" + size_of_state("wkv", size), given, {w.heads * groups_of(dim, 64), sequences(rows)});
}

}  // namespace lt::vulkan
