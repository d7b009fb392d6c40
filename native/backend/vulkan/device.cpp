#include "backend/vulkan/device.h"

namespace lt::vulkan {
namespace {

// The features that a variant uses, as a chain of structures that VkDeviceCreateInfo points to.
struct Enabled {
  explicit Enabled(const Found& found, const Features& uses) {
    v12.bufferDeviceAddress = VK_TRUE;
    v12.shaderFloat16 = uses.f16;
    v11.storageBuffer16BitAccess = uses.f16;
    v11.pNext = &v12;
    if (found.budget) extensions.push_back("VK_EXT_memory_budget");
    if (found.portable) extensions.push_back("VK_KHR_portability_subset");
    if (uses.int8) add(VK_KHR_SHADER_INTEGER_DOT_PRODUCT_EXTENSION_NAME, int8, int8.shaderIntegerDotProduct);
#ifdef LT_VULKAN_COOPMAT
    v12.vulkanMemoryModel = uses.coopmat[0] > 0;
    if (uses.coopmat[0]) add(VK_KHR_COOPERATIVE_MATRIX_EXTENSION_NAME, coopmat, coopmat.cooperativeMatrix);
#endif
  }
  Enabled(const Enabled&) = delete;
  Enabled& operator=(const Enabled&) = delete;

  template <class Feature>
  void add(const char* extension, Feature& feature, VkBool32& wanted) {
    extensions.push_back(extension);
    wanted = VK_TRUE;
    feature.pNext = v12.pNext;
    v12.pNext = &feature;
  }

  VkPhysicalDeviceVulkan11Features v11 = chained<VkPhysicalDeviceVulkan11Features>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_1_FEATURES);
  VkPhysicalDeviceVulkan12Features v12 = chained<VkPhysicalDeviceVulkan12Features>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES);
  VkPhysicalDeviceShaderIntegerDotProductFeaturesKHR int8 = chained<VkPhysicalDeviceShaderIntegerDotProductFeaturesKHR>(
      VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_FEATURES_KHR);
#ifdef LT_VULKAN_COOPMAT
  VkPhysicalDeviceCooperativeMatrixFeaturesKHR coopmat =
      chained<VkPhysicalDeviceCooperativeMatrixFeaturesKHR>(VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR);
#endif
  std::vector<const char*> extensions;
};

}  // namespace

Device::Device(const Found& found, const Features& uses) : found_(found), uses_(uses) {
  const InstanceApi& instance = Driver::get().api();
  const float priority = 1;
  VkDeviceQueueCreateInfo queue{};
  queue.sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO;
  queue.queueFamilyIndex = found.family;
  queue.queueCount = 1;
  queue.pQueuePriorities = &priority;
  const Enabled enabled(found, uses);
  VkDeviceCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO;
  info.pNext = &enabled.v11;
  info.queueCreateInfoCount = 1;
  info.pQueueCreateInfos = &queue;
  info.enabledExtensionCount = static_cast<uint32_t>(enabled.extensions.size());
  info.ppEnabledExtensionNames = enabled.extensions.data();
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
