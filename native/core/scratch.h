// Scratch memory of a forward pass: a bump stack that follows C++ scopes. Sizing measures its peak at load, so a forward
// pass never runs out; a fault in that reckoning is an Error, never a write past the end.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "core/error.h"
#include "core/tensor.h"

namespace lt {

class Scratch {
 public:
  static constexpr size_t alignment = 256;  // a multiple of every backend's wish

  // base may be a device address, or null for a dry run, which only counts.
  Scratch(void* base, size_t bytes) : base_(static_cast<char*>(base)), bytes_(bytes) {}
  Scratch() = default;

  Tensor take(Type type, int64_t rows, int64_t cols) {  // f32 or i32
    const int64_t stride = cols * 4;
    const size_t size = (static_cast<size_t>(rows * stride) + alignment - 1) / alignment * alignment;
    if (base_ && used_ + size > bytes_) throw Error(Code::internal, "scratch memory was sized too small");
    void* at = base_ ? base_ + used_ : dry();
    used_ += size;
    peak_ = std::max(peak_, used_);
    return {at, type, rows, cols, stride};
  }
  size_t used() const { return used_; }
  size_t peak() const { return peak_; }
  void give_back(size_t used) { used_ = used; }

 private:
  static void* dry() { return reinterpret_cast<void*>(alignment); }  // non-null, never read
  char* base_ = nullptr;
  size_t bytes_ = 0, used_ = 0, peak_ = 0;
};

}  // namespace lt
