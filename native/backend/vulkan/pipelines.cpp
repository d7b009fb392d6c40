#include "backend/vulkan/pipelines.h"

#include "backend/vulkan/pipeline_cache.h"
#include "backend/vulkan/shaders.h"
#include "core/cores.h"
#include "core/parallel.h"

namespace lt::vulkan {

Pipelines::Pipelines(const Device& device) : device_(device) {
  const VkPushConstantRange range{VK_SHADER_STAGE_COMPUTE_BIT, 0, push_bytes};
  VkPipelineLayoutCreateInfo layout{};
  layout.sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO;
  layout.pushConstantRangeCount = 1;
  layout.pPushConstantRanges = &range;
  check(device.api().CreatePipelineLayout(device.handle(), &layout, nullptr, &layout_), "vulkan: making a pipeline layout");
  const std::string known = read_pipeline_cache(device.found());
  VkPipelineCacheCreateInfo cache{};
  cache.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO;
  cache.initialDataSize = known.size();
  cache.pInitialData = known.data();
  // Without a cache pipelines are only made more slowly.
  if (device.api().CreatePipelineCache(device.handle(), &cache, nullptr, &cache_) < 0) cache_ = VK_NULL_HANDLE;
}

Pipelines::~Pipelines() {
  const DeviceApi& api = device_.api();
  size_t size = 0;
  if (cache_ && !made_.empty() && api.GetPipelineCacheData(device_.handle(), cache_, &size, nullptr) >= 0) {
    std::string data(size, '\0');
    if (api.GetPipelineCacheData(device_.handle(), cache_, &size, data.data()) == VK_SUCCESS)
      write_pipeline_cache(device_.found(), data.substr(0, size));
  }
  for (const auto& [name, pipeline] : made_) api.DestroyPipeline(device_.handle(), pipeline, nullptr);
  if (cache_) api.DestroyPipelineCache(device_.handle(), cache_, nullptr);
  api.DestroyPipelineLayout(device_.handle(), layout_, nullptr);
}

VkPipeline Pipelines::get(const std::string& name) {
  VkPipeline& p = made_[name];
  if (!p) p = make(name);
  return p;
}

void Pipelines::make(const std::set<std::string>& names) {
  std::vector<std::string> absent;
  for (const std::string& name : names)
    if (!made_.contains(name)) absent.push_back(name);
  std::vector<VkPipeline> made(absent.size(), VK_NULL_HANDLE);
  const auto keep = [&] {
    for (size_t i = 0; i < made.size(); i++)
      if (made[i]) made_[absent[i]] = made[i];
  };
  try {
    parallel(usable_cores(), std::ssize(absent), [&](int64_t i) { made[static_cast<size_t>(i)] = make(absent[static_cast<size_t>(i)]); });
  } catch (...) {
    keep();
    throw;
  }
  keep();
}

VkPipeline Pipelines::make(const std::string& name) const {
  const std::span<const uint32_t> words = shader(name);
  VkShaderModuleCreateInfo module{};
  module.sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO;
  module.codeSize = words.size_bytes();
  module.pCode = words.data();
  VkShaderModule made = VK_NULL_HANDLE;
  check(device_.api().CreateShaderModule(device_.handle(), &module, nullptr, &made), "vulkan: making a shader");
  const std::array<uint32_t, 3>& shape = device_.uses().coopmat;
  const VkSpecializationMapEntry entries[] = {{0, 0, 4}, {1, 4, 4}, {2, 8, 4}};
  const VkSpecializationInfo constants{3, entries, sizeof shape, shape.data()};
  VkComputePipelineCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO;
  info.stage.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO;
  info.stage.stage = VK_SHADER_STAGE_COMPUTE_BIT;
  info.stage.module = made;
  info.stage.pName = "main";
  if (shape[0]) info.stage.pSpecializationInfo = &constants;
  info.layout = layout_;
  VkPipeline pipeline = VK_NULL_HANDLE;
  const VkResult result = device_.api().CreateComputePipelines(device_.handle(), cache_, 1, &info, nullptr, &pipeline);
  device_.api().DestroyShaderModule(device_.handle(), made, nullptr);
  if (result < 0) fail(result, "vulkan: making the pipeline of " + name);
  all_++;
  return pipeline;
}

}  // namespace lt::vulkan
