// The Vulkan loader and one instance, opened once a process and kept: what of it can be used on this machine.
#pragma once
#include <string>
#include <vector>

#include "backend/vulkan/features.h"
#include "core/backend.h"

namespace lt::vulkan {

class Validation;

// A device that can be used, and what it reports.
struct Found {
  VkPhysicalDevice handle = nullptr;
  VkPhysicalDeviceProperties properties{};
  VkPhysicalDeviceMemoryProperties memory{};
  uint64_t max_allocation = 0;  // bytes of one piece of memory
  uint32_t family = 0;          // of queues that compute
  uint32_t heap = 0;            // where buffers for the device live
  Features features;            // offered; usable() heeds what is forced off
  uint8_t driver[VK_UUID_SIZE] = {}, device[VK_UUID_SIZE] = {};
  bool budget = false;    // VK_EXT_memory_budget
  bool portable = false;  // VK_KHR_portability_subset, which must then be enabled
  Features usable() const { return without(features, forced_off()); }
  bool software() const { return properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU; }
};

class Driver {
 public:
  static const Driver& get();

  const InstanceApi& api() const { return api_; }
  VkInstance instance() const { return instance_; }
  const std::vector<Found>& devices() const { return devices_; }  // hardware first
  Survey survey() const;
  uint64_t free_memory(const Found& device) const;  // of its heap, as the driver reckons now

 private:
  Driver();
  bool open_instance();
  VkResult create_instance(Validation& validation);
  void look_at(VkPhysicalDevice handle);
  std::string unusable(VkPhysicalDevice handle, const VkPhysicalDeviceProperties& properties) const;
  bool find_family(Found& device) const;

  InstanceApi api_;
  VkInstance instance_ = nullptr;
  std::vector<Found> devices_;
  std::string why_not_;
};

}  // namespace lt::vulkan
