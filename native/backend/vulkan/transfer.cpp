#include "backend/vulkan/transfer.h"

#include <algorithm>

namespace lt::vulkan {

// All buffers are taken here: none in a step.
Transfer::Transfer(Memory& memory, Stream& stream) : memory_(memory), stream_(stream) {
  if (memory.mapped()) return;
  try {
    for (Staging& s : ring_) s.block = memory.make_staging(piece);
  } catch (...) {
    release();
    throw;
  }
}

Transfer::~Transfer() { release(); }

void Transfer::release() {
  for (const Staging& s : ring_)
    if (s.block.buffer) memory_.destroy(s.block);
}

Transfer::Staging& Transfer::room() {
  if (ring_[at_].used == piece) {
    stream_.submit();
    ring_[at_].submission = stream_.submitted();
    at_ = (at_ + 1) % ring_.size();
    ring_[at_].used = 0;
  }
  Staging& s = ring_[at_];
  if (s.used == 0) stream_.wait_for(s.submission);
  return s;
}

void Transfer::write(uint64_t to, const void* from, const Rows& rows, bool fresh) {
  const auto* source = static_cast<const char*>(from);
  char* host = memory_.host(to);
  if (!host) {
    stage(to, source, rows.dense() ? all(rows.count * rows.bytes) : rows);
    return;
  }
  if (!fresh && !stream_.idle()) stream_.wait();
  if (rows.dense()) {
    std::memcpy(host, source, rows.count * rows.bytes);
    return;
  }
  for (uint64_t r = 0; r < rows.count; r++) std::memcpy(host + r * rows.stride, source + r * rows.pitch, rows.bytes);
}

// Rows are laid out in the staging buffer as on the device, so that each buffer is copied at once.
void Transfer::stage(uint64_t to, const char* from, const Rows& rows) {
  const Block& block = memory_.at(to);
  const uint64_t total = rows.count * rows.stride;
  for (uint64_t done = 0; done < total;) {
    Staging& s = room();
    const uint64_t n = std::min(total - done, piece - s.used), first = s.used;
    for (uint64_t at = done; at < done + n;) {
      const uint64_t row = at / rows.stride, in_row = at % rows.stride, bytes = std::min(rows.stride - in_row, done + n - at);
      char* target = s.block.host + s.used;
      const uint64_t data = in_row < rows.bytes ? std::min(bytes, rows.bytes - in_row) : 0;
      if (data) std::memcpy(target, from + row * rows.pitch + in_row, data);
      std::memset(target + data, 0, bytes - data);
      s.used += bytes;
      at += bytes;
    }
    stream_.copy(block.buffer, to + done - block.address, s.block.buffer, first, n);
    done += n;
  }
}

void Transfer::read(void* to, uint64_t from, uint64_t bytes) {
  if (const char* host = memory_.host(from)) {
    stream_.wait();
    std::memcpy(to, host, bytes);
    return;
  }
  const Block& block = memory_.at(from);
  for (uint64_t done = 0; done < bytes;) {
    Staging& s = room();
    const uint64_t n = std::min(bytes - done, piece - s.used);
    stream_.copy(s.block.buffer, s.used, block.buffer, from + done - block.address, n);
    stream_.wait();
    std::memcpy(static_cast<char*>(to) + done, s.block.host + s.used, n);
    done += n;
  }
}

void Transfer::zero(const Block& block) {
  if (block.host) {
    std::memset(block.host, 0, block.size);
  } else {
    stream_.zero(block);
  }
}

}  // namespace lt::vulkan
