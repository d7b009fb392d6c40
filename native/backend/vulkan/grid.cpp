#include <algorithm>
#include <cstdlib>

#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {
namespace {

// LLAMA_TS_VULKAN_GROUPS: groups down of a dispatch at most, below the device's own limit, which no test could reach.
int64_t forced_groups() {
  const char* set = std::getenv("LLAMA_TS_VULKAN_GROUPS");
  return set ? std::max<int64_t>(1, std::atoll(set)) : INT64_MAX;
}

}  // namespace

VulkanOps::VulkanOps(const Device& device, Stream& stream, Pipelines& pipelines)
    : stream_(stream), pipelines_(pipelines), uses_(device.uses()) {
  const uint32_t* limits = device.found().properties.limits.maxComputeWorkGroupCount;  // 65,535 of each at least
  most_groups_ = {limits[0], std::min<int64_t>(limits[1], forced_groups()), limits[2]};
}

// Groups down beyond the limit lie behind: group_down() of core.glsl.
std::array<uint32_t, 3> VulkanOps::grid(const std::string& shader, Groups groups) const {
  const auto& [across, down, behind] = most_groups_;
  const int64_t layers = std::max<int64_t>(1, groups_of(groups.down, down));
  if (groups.across > across || layers > behind)
    throw Error(Code::unsupported, "vulkan: expected " + shader + " to need at most " + std::to_string(across) + " by " +
                                       std::to_string(down * behind) + " groups, which is the device's limit, found " +
                                       std::to_string(groups.across) + " by " + std::to_string(groups.down) +
                                       "; keep the model on the CPU, or use a smaller batchTokens");
  return {count(groups.across), count(groups_of(groups.down, layers)), count(layers)};
}

void VulkanOps::prepare(const std::function<void(Ops&)>& pass) {
  std::set<std::string> shaders;
  preparing_ = &shaders;
  try {
    pass(*this);
  } catch (...) {
    preparing_ = nullptr;
    throw;
  }
  preparing_ = nullptr;
  pipelines_.make(shaders);
}

}  // namespace lt::vulkan
