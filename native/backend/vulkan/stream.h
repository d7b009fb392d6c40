// The order of work on the device: dispatches and copies go into a command buffer, which is submitted when it is long or its
// results are wanted. One barrier stands between each two that may depend on one another.
#pragma once
#include <array>
#include <cstring>
#include <memory>

#include "backend/vulkan/parameters.h"

namespace lt::vulkan {

class Stream {
 public:
  Stream(const Device& device, const Memory& memory);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  // Groups of a pipeline with its parameters: as push constants, or, where they are more than fit, a pointer to them. `beside`: it needs
  // nothing that the call before it wrote.
  void dispatch(VkPipeline pipeline, VkPipelineLayout layout, const void* given, uint32_t bytes, std::array<uint32_t, 3> groups,
                bool beside = false);
  void copy(VkBuffer to, uint64_t at, VkBuffer from, uint64_t first, uint64_t bytes);
  void zero(const Block& block);
  void submit();  // what is gathered, if anything
  void wait();    // submits, and waits for everything before; throws Code::device where the device is lost
  // The number of submissions so far, and waiting for one of them.
  uint64_t submitted() const { return submitted_; }
  void wait_for(uint64_t submission);
  bool idle() const { return !open_ && done_ == submitted_; }

  // Between these, calls go into a command buffer that can be run again, as long as its parameters are kept.
  void begin_recording(VkCommandBuffer into, Parameters& parameters);
  void end_recording();
  void abandon_recording() { recording_ = nullptr; }
  void run(VkCommandBuffer recorded);  // waits for its results

  VkCommandPool make_pool() const;
  VkCommandBuffer make_buffer(VkCommandPool pool) const;

 private:
  static constexpr int slots = 4, longest = 512;
  struct Slot {
    VkCommandBuffer commands = nullptr;
    VkFence fence = VK_NULL_HANDLE;
    uint64_t submission = 0;
    std::unique_ptr<Parameters> parameters;
  };
  VkCommandBuffer now();
  void begin(VkCommandBuffer commands, bool again) const;
  void end(VkCommandBuffer commands) const;
  void barrier(VkCommandBuffer commands) const;
  void send(VkCommandBuffer commands, Slot& slot);
  Slot& slot() { return slots_[static_cast<size_t>(submitted_ % slots)]; }

  const Device& device_;
  VkCommandPool pool_ = VK_NULL_HANDLE;
  std::array<Slot, slots> slots_;
  uint64_t submitted_ = 0, done_ = 0;
  VkCommandBuffer open_ = nullptr, recording_ = nullptr;
  Parameters* recorded_ = nullptr;  // of what is recorded
  int length_ = 0;
};

}  // namespace lt::vulkan
