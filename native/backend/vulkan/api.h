// Vulkan's functions as pointers: nothing is linked, so a binary with this backend starts where no driver is.
#pragma once
#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

namespace lt::vulkan {

#define LT_VK_GLOBAL(X) X(CreateInstance) X(EnumerateInstanceLayerProperties) X(EnumerateInstanceExtensionProperties)

// clang-format off: it indents these lists anew at every run
#define LT_VK_INSTANCE(X) \
  X(EnumeratePhysicalDevices) X(GetPhysicalDeviceProperties2) X(GetPhysicalDeviceFeatures2) \
  X(GetPhysicalDeviceMemoryProperties2) X(GetPhysicalDeviceQueueFamilyProperties) X(EnumerateDeviceExtensionProperties) \
  X(CreateDevice) X(GetDeviceProcAddr)

#define LT_VK_DEVICE(X) \
  X(DestroyDevice) X(GetDeviceQueue) X(DeviceWaitIdle) X(AllocateMemory) X(FreeMemory) X(MapMemory) X(CreateBuffer) \
  X(DestroyBuffer) X(GetBufferMemoryRequirements) X(BindBufferMemory) X(GetBufferDeviceAddress) X(CreateCommandPool) \
  X(DestroyCommandPool) X(AllocateCommandBuffers) X(BeginCommandBuffer) X(EndCommandBuffer) X(CmdCopyBuffer) X(CmdFillBuffer) \
  X(CmdPipelineBarrier) X(CmdBindPipeline) X(CmdPushConstants) X(CmdDispatch) X(QueueSubmit) X(CreateFence) X(DestroyFence) \
  X(WaitForFences) X(ResetFences) X(CreateShaderModule) X(DestroyShaderModule) X(CreatePipelineLayout) X(DestroyPipelineLayout) \
  X(CreatePipelineCache) X(DestroyPipelineCache) X(GetPipelineCacheData) X(CreateComputePipelines) X(DestroyPipeline)
// clang-format on

// Of drivers that have the extension; null elsewhere. Headers before 1.3.255 do not know it.
#ifdef LT_VULKAN_COOPMAT
#define LT_VK_EXTENSION(X) X(GetPhysicalDeviceCooperativeMatrixPropertiesKHR)
#else
#define LT_VK_EXTENSION(X)
#endif

#define LT_VK_DECLARE(name) PFN_vk##name name = nullptr;
struct InstanceApi {
  PFN_vkGetInstanceProcAddr GetInstanceProcAddr = nullptr;
  LT_VK_GLOBAL(LT_VK_DECLARE)
  LT_VK_INSTANCE(LT_VK_DECLARE)
  LT_VK_EXTENSION(LT_VK_DECLARE)
};
struct DeviceApi {
  LT_VK_DEVICE(LT_VK_DECLARE)
};
#undef LT_VK_DECLARE

// A structure of that type, at the head of a chain.
template <class T>
T chained(VkStructureType type, void* next = nullptr) {
  T t{};
  t.sType = type;
  t.pNext = next;
  return t;
}

}  // namespace lt::vulkan
