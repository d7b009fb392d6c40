// Memory of the device: what lives as long as the backend, and pieces that are given back.
#pragma once
#include "backend/gpu/gpu.h"

namespace lt::gpu::LT_GPU {

// One allocation. Throws Code::memory with the figures.
class DeviceMemory {
 public:
  explicit DeviceMemory(size_t bytes);
  ~DeviceMemory() { release(data_); }
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;
  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_;
  void* data_;
};

// Small tensors share large allocations, which drivers round up to megabytes.
class Arena {
 public:
  void* take(size_t bytes);  // aligned for any tensor
  size_t spare() const { return left_; }

 private:
  std::vector<std::unique_ptr<DeviceMemory>> held_;
  char* next_ = nullptr;
  size_t left_ = 0;
};

}  // namespace lt::gpu::LT_GPU
