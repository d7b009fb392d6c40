#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {
namespace {

constexpr int64_t most_experts = 1024;  // as in route.comp

}  // namespace

// The numbers of route.comp.
static_assert(static_cast<int>(Router::Gating::softmax) == 0 && static_cast<int>(Router::Gating::sigmoid) == 1 &&
              static_cast<int>(Router::Gating::chosen) == 2 && static_cast<int>(Router::Gating::mixed) == 3);

void VulkanOps::route(Tensor ids, Tensor weights, Tensor scores, const Router& r) {
  if (scores.cols > most_experts)
    throw Error(Code::unsupported, "vulkan: expected at most " + std::to_string(most_experts) + " experts, found " +
                                       std::to_string(scores.cols) + "; keep the model on the CPU");
  const struct {
    uint64_t ids, weights, scores, bias;
    uint32_t ids_stride, weights_stride, scores_stride, rows, experts, used, gating, biased, groups, used_groups, group_best, normalize;
    float scale, nearness;
  } push{address(ids),
         address(weights),
         address(scores),
         address(r.bias),
         word_stride(ids),
         word_stride(weights),
         word_stride(scores),
         count(scores.rows),
         count(scores.cols),
         count(ids.cols),
         static_cast<uint32_t>(r.gating),
         r.bias ? 1u : 0u,
         count(r.groups),
         count(r.used_groups),
         count(std::min(r.group_best, scores.cols / r.groups)),
         r.normalize ? 1u : 0u,
         r.scale,
         r.nearness};
  dispatch("route", push, {1, scores.rows});
}

}  // namespace lt::vulkan
