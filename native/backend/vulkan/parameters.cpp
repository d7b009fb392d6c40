#include "backend/vulkan/parameters.h"

#include <cstring>

namespace lt::vulkan {

Parameters::Parameters(const Memory& memory, uint64_t dispatches)
    : memory_(memory), dispatches_(dispatches), blocks_{memory.make_seen(dispatches * most)} {}

Parameters::~Parameters() {
  for (const Block& b : blocks_) memory_.destroy(b);
}

uint64_t Parameters::keep(const void* from, uint32_t bytes) {
  const uint64_t block = used_ / dispatches_, at = used_ % dispatches_ * most;
  if (block == blocks_.size()) {
    blocks_.reserve(block + 1);
    blocks_.push_back(memory_.make_seen(dispatches_ * most));
  }
  used_++;
  std::memcpy(blocks_[block].host + at, from, bytes);
  return blocks_[block].address + at;
}

}  // namespace lt::vulkan
