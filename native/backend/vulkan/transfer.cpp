#include "backend/vulkan/transfer.h"

#include <algorithm>

namespace lt::vulkan {

Transfer::~Transfer() {
  for (const Staging& s : ring_)
    if (s.block.buffer) memory_.destroy(s.block);
}

Transfer::Staging& Transfer::room() {
  if (ring_[at_].block.buffer && ring_[at_].used == piece) {
    stream_.submit();
    ring_[at_].submission = stream_.submitted();
    at_ = (at_ + 1) % ring_.size();
    ring_[at_].used = 0;
  }
  Staging& s = ring_[at_];
  if (!s.block.buffer) s.block = memory_.make_staging(piece);
  if (s.used == 0) stream_.wait_for(s.submission);
  return s;
}

void Transfer::write(uint64_t to, const void* from, uint64_t bytes, bool fresh) {
  const auto* source = static_cast<const char*>(from);
  if (char* host = memory_.host(to)) {
    if (!fresh && !stream_.idle()) stream_.wait();
    std::memcpy(host, source, bytes);
    return;
  }
  const Block& block = memory_.at(to);
  for (uint64_t done = 0; done < bytes;) {
    Staging& s = room();
    const uint64_t n = std::min(bytes - done, piece - s.used);
    std::memcpy(s.block.host + s.used, source + done, n);
    stream_.copy(block.buffer, to + done - block.address, s.block.buffer, s.used, n);
    s.used += n;
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
