#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/error.h"

namespace lt::gpu {

struct Grid {
  int64_t x = 1, y = 1, z = 1;  // blocks: x below 2^31, y and z below 2^16
};

inline std::string text(const Grid& g) {
  std::string all(1, '(');
  all.append(std::to_string(g.x)).append(", ").append(std::to_string(g.y)).append(", ").append(std::to_string(g.z));
  return all.append(")");
}

// Rows lie along x; along y and z lies what no model has so many of. One that has is refused.
inline void check_grid(const char* kernel, const Grid& g) {
  const auto within = [](int64_t n, int64_t limit) { return 1 <= n && n < limit; };
  if (within(g.x, int64_t{1} << 31) && within(g.y, 1 << 16) && within(g.z, 1 << 16)) return;
  throw Error(Code::unsupported, std::string(kernel) + ": expected a grid below (2147483648, 65536, 65536) blocks, the limit of every " +
                                     "device, found " + text(g) + "; keep the model on the CPU");
}

inline void check_shared(const char* kernel, size_t bytes) {
  constexpr size_t limit = 48 << 10;
  if (bytes <= limit) return;
  throw Error(Code::unsupported, std::string(kernel) + ": expected at most " + std::to_string(limit) +
                                     " bytes of memory of a block, which every device has, found " + std::to_string(bytes) +
                                     "; keep the model on the CPU");
}

}  // namespace lt::gpu
