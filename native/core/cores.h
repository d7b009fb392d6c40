// How many threads fit this process: physical cores within its affinity and its control groups' CPU quota.
#pragma once
#include <cstdint>
#include <span>

namespace lt {

int usable_cores();  // at least 1

// Processors of one group of at most 64, a bit each: how Windows names those of a core and those that a process may run on.
struct ProcessorSet {
  uint16_t group;
  uint64_t mask;
};
// The cores of which a processor is allowed.
int cores_within(std::span<const ProcessorSet> cores, std::span<const ProcessorSet> allowed);

}  // namespace lt
