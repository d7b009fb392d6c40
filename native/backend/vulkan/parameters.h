// Parameters of dispatches that are more than push constants hold: they lie in memory that the host writes and shaders read, and the
// push constants point to them. Of one command buffer, since a recorded one reads them whenever it runs.
#pragma once
#include <vector>

#include "backend/vulkan/memory.h"

namespace lt::vulkan {

class Parameters {
 public:
  static constexpr uint32_t most = 256;  // bytes of a dispatch's

  // Memory is taken for so many dispatches at a time, and for the first of them here.
  Parameters(const Memory& memory, uint64_t dispatches);
  ~Parameters();
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;

  uint64_t keep(const void* from, uint32_t bytes);  // the address where shaders find a copy of them
  void forget() { used_ = 0; }                      // once nothing runs that reads them

 private:
  const Memory& memory_;
  const uint64_t dispatches_;
  std::vector<Block> blocks_;
  uint64_t used_ = 0;  // dispatches
};

}  // namespace lt::vulkan
