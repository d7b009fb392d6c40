#include "backend/vulkan/stream.h"

#include <algorithm>

#include "backend/vulkan/pipelines.h"
#include "backend/vulkan/validation.h"

namespace lt::vulkan {

Stream::Stream(const Device& device, const Memory& memory) : device_(device), pool_(make_pool()) {
  for (Slot& s : slots_) {
    s.commands = make_buffer(pool_);
    VkFenceCreateInfo info{};
    info.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO;
    check(device.api().CreateFence(device.handle(), &info, nullptr, &s.fence), "vulkan: making a fence");
    s.parameters = std::make_unique<Parameters>(memory, longest);
  }
}

Stream::~Stream() {
  device_.api().DeviceWaitIdle(device_.handle());
  for (const Slot& s : slots_) device_.api().DestroyFence(device_.handle(), s.fence, nullptr);
  device_.api().DestroyCommandPool(device_.handle(), pool_, nullptr);
}

VkCommandPool Stream::make_pool() const {
  VkCommandPoolCreateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO;
  info.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
  info.queueFamilyIndex = device_.found().family;
  VkCommandPool pool = VK_NULL_HANDLE;
  check(device_.api().CreateCommandPool(device_.handle(), &info, nullptr, &pool), "vulkan: making a command pool");
  return pool;
}

VkCommandBuffer Stream::make_buffer(VkCommandPool pool) const {
  VkCommandBufferAllocateInfo info{};
  info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO;
  info.commandPool = pool;
  info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
  info.commandBufferCount = 1;
  VkCommandBuffer commands = nullptr;
  check(device_.api().AllocateCommandBuffers(device_.handle(), &info, &commands), "vulkan: making a command buffer");
  return commands;
}

void Stream::begin(VkCommandBuffer commands, bool again) const {
  VkCommandBufferBeginInfo info{};
  info.sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO;
  info.flags = again ? 0 : VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT;
  check(device_.api().BeginCommandBuffer(commands, &info), "vulkan: beginning a command buffer");
}

// Whatever was written by shaders and copies before is seen by shaders and copies after: also by those of earlier submissions.
void Stream::barrier(VkCommandBuffer commands) const {
  constexpr VkPipelineStageFlags stages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
  VkMemoryBarrier all{};
  all.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
  all.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  all.dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  device_.api().CmdPipelineBarrier(commands, stages, stages, 0, 1, &all, 0, nullptr, 0, nullptr);
}

// The host, too, sees what was written.
void Stream::end(VkCommandBuffer commands) const {
  constexpr VkPipelineStageFlags stages = VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
  VkMemoryBarrier all{};
  all.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER;
  all.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
  all.dstAccessMask = VK_ACCESS_HOST_READ_BIT | VK_ACCESS_HOST_WRITE_BIT;
  device_.api().CmdPipelineBarrier(commands, stages, VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &all, 0, nullptr, 0, nullptr);
  check(device_.api().EndCommandBuffer(commands), "vulkan: ending a command buffer");
}

VkCommandBuffer Stream::now() {
  if (recording_) return recording_;
  if (!open_) {
    wait_for(slot().submission);
    begin(slot().commands, false);
    slot().parameters->forget();
    open_ = slot().commands;
    length_ = 0;
  }
  length_++;
  return open_;
}

void Stream::dispatch(VkPipeline pipeline, VkPipelineLayout layout, const void* given, uint32_t bytes, std::array<uint32_t, 3> groups,
                      bool beside) {
  if (groups[0] == 0 || groups[1] == 0 || groups[2] == 0) return;
  const DeviceApi& api = device_.api();
  const VkCommandBuffer commands = now();
  const bool fits = bytes <= Pipelines::push_bytes;
  const uint64_t kept = fits ? 0 : (recording_ ? recorded_ : slot().parameters.get())->keep(given, bytes);
  if (!beside) barrier(commands);
  api.CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline);
  api.CmdPushConstants(commands, layout, VK_SHADER_STAGE_COMPUTE_BIT, 0, fits ? bytes : sizeof kept, fits ? given : &kept);
  api.CmdDispatch(commands, groups[0], groups[1], groups[2]);
  if (!recording_ && length_ >= longest) submit();
}

void Stream::copy(VkBuffer to, uint64_t at, VkBuffer from, uint64_t first, uint64_t bytes) {
  const VkCommandBuffer commands = now();
  barrier(commands);
  const VkBufferCopy region{first, at, bytes};
  device_.api().CmdCopyBuffer(commands, from, to, 1, &region);
}

void Stream::zero(const Block& block) {
  const VkCommandBuffer commands = now();
  barrier(commands);
  device_.api().CmdFillBuffer(commands, block.buffer, 0, VK_WHOLE_SIZE, 0);
}

void Stream::send(VkCommandBuffer commands, Slot& slot) {
  const DeviceApi& api = device_.api();
  check(api.ResetFences(device_.handle(), 1, &slot.fence), "vulkan: resetting a fence");
  VkSubmitInfo info{};
  info.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO;
  info.commandBufferCount = 1;
  info.pCommandBuffers = &commands;
  check(api.QueueSubmit(device_.queue(), 1, &info, slot.fence), "vulkan: submitting work");
  slot.submission = ++submitted_;
}

void Stream::submit() {
  if (!open_) return;
  const VkCommandBuffer commands = open_;
  open_ = nullptr;
  end(commands);
  send(commands, slot());
}

void Stream::wait_for(uint64_t submission) {
  if (submission <= done_) return;
  for (const Slot& s : slots_) {
    if (s.submission != submission) continue;
    check(device_.api().WaitForFences(device_.handle(), 1, &s.fence, VK_TRUE, UINT64_MAX), "vulkan: waiting for the device");
    done_ = std::max(done_, submission);  // one queue: those before it are done too
  }
  check_validation();
}

void Stream::wait() {
  submit();
  wait_for(submitted_);
}

void Stream::begin_recording(VkCommandBuffer into, Parameters& parameters) {
  submit();
  begin(into, true);
  recording_ = into;
  recorded_ = &parameters;
}

void Stream::end_recording() {
  const VkCommandBuffer commands = recording_;
  recording_ = nullptr;
  end(commands);
}

void Stream::run(VkCommandBuffer recorded) {
  submit();
  wait_for(slot().submission);
  send(recorded, slot());
  wait();
}

}  // namespace lt::vulkan
