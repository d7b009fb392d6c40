#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {

// The build that keeps a column's state, by its floats.
std::string VulkanOps::size_of_state(const char* op, int64_t floats) {
  for (const int64_t size : {16, 64, 128, 256})
    if (floats <= size) return "_" + std::to_string(size);
  throw Error(Code::unsupported, std::string("vulkan: expected ") + op + " to keep at most 256 floats of a column, found " +
                                     std::to_string(floats) + "; keep the model on the CPU");
}

void VulkanOps::scan(Tensor y, Tensor x, Tensor dt, Tensor b, Tensor c, State state, const Scan& scan, const Rows& rows) {
  const int64_t size = b.cols / scan.groups;
  const struct {
    uint64_t y, x, dt, b, c, states, a, d, starts, reads, writes;
    uint32_t y_stride, x_stride, dt_stride, b_stride, c_stride, state_stride, a_stride, starts_stride, reads_stride, writes_stride;
    uint32_t cols, heads, groups, size, sequences;
  } given{address(y),
          address(x),
          address(dt),
          address(b),
          address(c),
          address(state.slots),
          address(scan.a),
          address(scan.d),
          address(rows.starts),
          address(rows.reads),
          address(rows.writes),
          word_stride(y),
          word_stride(x),
          word_stride(dt),
          word_stride(b),
          word_stride(c),
          word_stride(state.slots),
          word_stride(scan.a),
          word_stride(rows.starts),
          word_stride(rows.reads),
          word_stride(rows.writes),
          count(x.cols),
          count(scan.heads),
          count(scan.groups),
          count(size),
          count(sequences(rows))};
  const std::string shader = scan.a.cols > 1 ? "scan_each" : "scan";
  dispatch(shader + size_of_state("scan", size), given, {groups_of(x.cols, 64), sequences(rows)});
}

}  // namespace lt::vulkan
