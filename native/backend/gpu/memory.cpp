#include "backend/gpu/memory.h"

namespace lt::gpu::LT_GPU {
namespace {

std::string megabytes(uint64_t bytes) { return std::to_string((bytes + (1u << 20) - 1) >> 20) + " MB"; }

}  // namespace

DeviceMemory::DeviceMemory(size_t bytes) : bytes_(bytes ? bytes : 1), data_(allocate(bytes_)) {
  if (data_) return;
  throw Error(Code::memory, std::string(backend_name) + ": expected " + megabytes(bytes) + " of the device's memory, " +
                                megabytes(free_bytes()) + " are free; put fewer layers on it, or use a smaller context or model");
}

void* Arena::take(size_t bytes) {
  const size_t size = (bytes + Scratch::alignment - 1) / Scratch::alignment * Scratch::alignment;
  if (size > block_bytes / 4) {
    held_.push_back(std::make_unique<DeviceMemory>(block_bytes ? size : bytes));
    return held_.back()->data();
  }
  if (size > left_) {
    held_.push_back(std::make_unique<DeviceMemory>(block_bytes));
    next_ = static_cast<char*>(held_.back()->data());
    left_ = block_bytes;
  }
  void* at = next_;
  next_ += size;
  left_ -= size;
  return at;
}

}  // namespace lt::gpu::LT_GPU
