// A logical device with one queue. Everything made from it must be gone before it.
#pragma once
#include "backend/vulkan/driver.h"
#include "backend/vulkan/result.h"

namespace lt::vulkan {

class Device {
 public:
  // Enables what a variant uses, and no more.
  Device(const Found& found, const Features& uses);
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  const DeviceApi& api() const { return api_; }
  VkDevice handle() const { return handle_; }
  VkQueue queue() const { return queue_; }
  const Found& found() const { return found_; }
  const Features& uses() const { return uses_; }

 private:
  const Found& found_;
  const Features uses_;
  VkDevice handle_ = nullptr;
  VkQueue queue_ = nullptr;
  DeviceApi api_;
};

}  // namespace lt::vulkan
