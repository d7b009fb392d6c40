// Uploads through a ring of pinned buffers: the next is filled from the mapped file while the one before is on its way.
#pragma once
#include "backend/gpu/gpu.h"

namespace lt::gpu::LT_GPU {

class Staging {
 public:
  static constexpr size_t slot_bytes = 4 << 20;

  explicit Staging(Stream& stream);
  ~Staging();
  // `from` may change when this returns; what is added to the stream later sees the bytes.
  void upload(void* to, const void* from, size_t bytes);

 private:
  void release();
  struct Slot {
    void* pinned = nullptr;
    Event sent;
  };
  Stream& stream_;
  Slot slots_[4];
  size_t next_ = 0;
};

}  // namespace lt::gpu::LT_GPU
