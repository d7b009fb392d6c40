#include "backend/gpu/staging.h"

#include <algorithm>
#include <cstring>

namespace lt::gpu::LT_GPU {

Staging::~Staging() {
  for (Slot& s : slots_) release_pinned(s.pinned);
}

void Staging::upload(void* to, const void* from, size_t bytes) {
  for (size_t done = 0; done < bytes; done += slot_bytes) {
    Slot& s = slots_[next_++ % std::size(slots_)];
    if (!s.pinned) s.pinned = allocate_pinned(slot_bytes);
    if (!s.pinned) throw Error(Code::memory, std::string(backend_name) + ": the system has no 4 MB of memory to lock for uploads");
    s.sent.wait();
    const size_t part = std::min(slot_bytes, bytes - done);
    std::memcpy(s.pinned, static_cast<const char*>(from) + done, part);
    stream_.to_device(static_cast<char*>(to) + done, s.pinned, part);
    s.sent.record(stream_);
  }
}

}  // namespace lt::gpu::LT_GPU
