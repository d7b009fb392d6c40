// Compute pipelines by the name of their shader, made when a model is loaded or first used, through a cache on disk. The constants 0, 1 and
// 2 of a shader that has them are the device's M, N and K of cooperative matrices.
#pragma once
#include <atomic>
#include <set>
#include <string>
#include <unordered_map>

#include "backend/vulkan/device.h"

namespace lt::vulkan {

class Pipelines {
 public:
  static constexpr uint32_t push_bytes = 128;  // what every device has

  explicit Pipelines(const Device& device);
  ~Pipelines();
  Pipelines(const Pipelines&) = delete;
  Pipelines& operator=(const Pipelines&) = delete;

  VkPipelineLayout layout() const { return layout_; }
  VkPipeline get(const std::string& name);
  void make(const std::set<std::string>& names);  // those that are not made yet, on several threads
  static int64_t made() { return all_.load(); }   // by all devices of this process

 private:
  VkPipeline make(const std::string& name) const;

  const Device& device_;
  VkPipelineLayout layout_ = VK_NULL_HANDLE;
  VkPipelineCache cache_ = VK_NULL_HANDLE;
  std::unordered_map<std::string, VkPipeline> made_;
  static inline std::atomic<int64_t> all_ = 0;
};

}  // namespace lt::vulkan
