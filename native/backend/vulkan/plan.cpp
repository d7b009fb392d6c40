#include "backend/vulkan/plan.h"

namespace lt::vulkan {

RecordedPlan::RecordedPlan(const Device& device, const Memory& memory, Stream& stream, Ops& ops, const std::function<void(Ops&)>& forward)
    : device_(device), stream_(stream), parameters_(memory, 128), pool_(stream.make_pool()) {
  try {
    commands_ = stream.make_buffer(pool_);
    stream.begin_recording(commands_, parameters_);
    forward(ops);
    stream.end_recording();
  } catch (...) {
    stream.abandon_recording();
    device.api().DestroyCommandPool(device.handle(), pool_, nullptr);
    throw;
  }
}

RecordedPlan::~RecordedPlan() {
  device_.api().DeviceWaitIdle(device_.handle());
  device_.api().DestroyCommandPool(device_.handle(), pool_, nullptr);
}

}  // namespace lt::vulkan
