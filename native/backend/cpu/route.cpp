#include "backend/cpu/cpu.h"

namespace lt::cpu {

// The kernels know a gating by its place in the list.
static_assert(static_cast<int>(Router::Gating::softmax) == 0 && static_cast<int>(Router::Gating::sigmoid) == 1 &&
              static_cast<int>(Router::Gating::chosen) == 2 && static_cast<int>(Router::Gating::mixed) == 3);

void Cpu::route(Tensor ids, Tensor weights, Tensor scores, const Router& r) {
  expect_panel("route", route_floats(scores.cols));
  each_row(scores.rows, scores.cols * ids.cols, [&](int64_t row, int thread) {
    kernels_.route({ids.row<int32_t>(row), weights.row<float>(row), scores.row<const float>(row), static_cast<const float*>(r.bias.data),
                    scores.cols, ids.cols, static_cast<uint8_t>(r.gating), r.groups, r.used_groups, r.group_best, r.normalize, r.scale,
                    r.nearness, reinterpret_cast<float*>(panel(thread))});
  });
}

}  // namespace lt::cpu
