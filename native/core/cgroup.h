// The limits that Linux sets this process by control groups, version 1 and 2. Each group from its own up to the root limits it, so
// the smallest counts. Elsewhere: none.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lt {

class Cgroups {
 public:
  // root: in front of /proc and /sys, empty but in checks.
  explicit Cgroups(std::string root = "") : root_(std::move(root)) {}

  // Bytes that can still be taken before a group reaches memory.max or is slowed down at memory.high. The page cache counts as free,
  // as it is given back before the limit hurts. UINT64_MAX: no limit.
  uint64_t memory() const;
  // Processors whose time the groups may use, 1.5 say. 1e9: no limit.
  double processors() const;

 private:
  // Of this process's group and those above it, as far as they can be seen. controller: of version 1; empty: version 2.
  std::vector<std::string> folders(std::string_view controller) const;
  std::string path_of(std::string_view controller) const;

  std::string root_;
};

}  // namespace lt
