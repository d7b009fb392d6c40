// A device that is lost while work is under way: each call says so, none waits for it, and what was made is given back.
#include "backend/vulkan/stream.h"
#include "check/vulkan_check.h"

namespace lt::check {
namespace {

using vulkan::Block, vulkan::DeviceApi, vulkan::Features, vulkan::Memory, vulkan::Stream;

VkResult VKAPI_CALL wait_lost(VkDevice, uint32_t, const VkFence*, VkBool32, uint64_t) { return VK_ERROR_DEVICE_LOST; }
VkResult VKAPI_CALL submit_lost(VkQueue, uint32_t, const VkSubmitInfo*, VkFence) { return VK_ERROR_DEVICE_LOST; }

CHECK_CASE("vulkan/a device lost in a step is a typed error, again at each step") {
  vulkan::Device device(vulkan_device(), Features{});
  auto& api = const_cast<DeviceApi&>(device.api());  // stands in for a driver whose device is gone
  const DeviceApi whole = api;
  Memory memory(device);
  Stream stream(device, memory);
  const Block block = memory.make_staging(4096);
  const auto step = [&] {
    stream.zero(block);
    stream.wait();
  };
  step();
  api.WaitForFences = wait_lost;
  for (int i = 0; i < 6; i++) CHECK_THROWS(step(), Code::device);  // more than there are command buffers
  api = whole;
  stream.wait();
  api.QueueSubmit = submit_lost;
  for (int i = 0; i < 6; i++) CHECK_THROWS(step(), Code::device);
  api = whole;
  step();  // nothing that failed is waited for
  memory.destroy(block);
}

}  // namespace
}  // namespace lt::check
