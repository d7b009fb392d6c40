#include "backend/gpu/staging.h"

#include <algorithm>
#include <cstring>

namespace lt::gpu::LT_GPU {

// All buffers are taken here: none in a step.
Staging::Staging(Stream& stream) : stream_(stream) {
  for (Slot& s : slots_) {
    if ((s.pinned = allocate_pinned(slot_bytes))) continue;
    release();
    throw Error(Code::memory, std::string(backend_name) + ": the system has no 4 MB of memory to lock for uploads");
  }
}

Staging::~Staging() { release(); }

void Staging::release() {
  for (Slot& s : slots_) release_pinned(s.pinned);
}

void Staging::upload(void* to, const void* from, size_t bytes) {
  for (size_t done = 0; done < bytes; done += slot_bytes) {
    Slot& s = slots_[next_++ % std::size(slots_)];
    s.sent.wait();
    const size_t part = std::min(slot_bytes, bytes - done);
    std::memcpy(s.pinned, static_cast<const char*>(from) + done, part);
    stream_.to_device(static_cast<char*>(to) + done, s.pinned, part);
    s.sent.record(stream_);
  }
}

}  // namespace lt::gpu::LT_GPU
