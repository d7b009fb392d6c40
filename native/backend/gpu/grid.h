#pragma once
#include <cstdint>

namespace lt::gpu {

struct Grid {
  int64_t x = 1, y = 1, z = 1;  // blocks: x below 2^31, y and z below 2^16
};

}  // namespace lt::gpu
