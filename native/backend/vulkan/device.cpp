#include "backend/vulkan/device.h"

namespace lt::vulkan {

Device::Device(const Found& found) : found_(found) {
  const InstanceApi& instance = Driver::get().api();
  const float priority = 1;
  VkDeviceQueueCreateInfo queue{};
  queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
  queue.queueFamilyIndex = found.family;
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;
  VkPhysicalDeviceVulkan12Features v12{};
  v12.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES;
  v12.bufferDeviceAddress = VK_TRUE;
  std::vector<const char*> extensions;
  if (found.budget) extensions.push_back("VK_EXT_memory_budget");
  if (found.portable) extensions.push_back("VK_KHR_portability_subset");
  VkDeviceCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
  info.pNext = &v12;
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queue;
  info.enabledExtensionCount = static_cast<uint32_t>(extensions.size());
  info.ppEnabledExtensionNames = extensions.data();
  check(instance.CreateDevice(found.handle, &info, nullptr, &handle_), "vulkan: opening the device");
#define LT_VK_LOAD(name) api_.name = reinterpret_cast<PFN_vk##name>(instance.GetDeviceProcAddr(handle_, "vk" #name));
  LT_VK_DEVICE(LT_VK_LOAD)
#undef LT_VK_LOAD
  api_.GetDeviceQueue(handle_, found.family, 0, &queue_);
}

Device::~Device() {
  api_.DeviceWaitIdle(handle_);
  api_.DestroyDevice(handle_, nullptr);
}

}  // namespace lt::vulkan
