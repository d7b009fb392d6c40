// A recorded forward pass: one command buffer, run again as it is. It reads the tensors of Rows where they lie; only shapes
// are fixed.
#pragma once
#include "backend/vulkan/vulkan.h"

namespace lt::vulkan {

class RecordedPlan : public Plan {
 public:
  RecordedPlan(const Device& device, const Memory& memory, Stream& stream, Ops& ops, const std::function<void(Ops&)>& forward);
  ~RecordedPlan() override;
  void run() override { stream_.run(commands_); }

 private:
  const Device& device_;
  Stream& stream_;
  Parameters parameters_;
  VkCommandPool pool_;
  VkCommandBuffer commands_ = nullptr;
};

}  // namespace lt::vulkan
