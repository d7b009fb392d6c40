// How many threads fit this process: physical cores within its affinity and its control groups' CPU quota.
#pragma once
#include <cstdint>
#include <span>
#include <string>

namespace lt {

int usable_cores();       // at least 1
int usable_processors();  // their hardware threads, of which a core may have several: as many at least

// Of the cores those that are as fast as the fastest, where they differ; else all.
int fast_cores();
// The same of processors, by what each is able to, which the system says in units of its own; a core's hardware threads have its number.
struct ProcessorSpeed {
  std::string core;
  uint64_t speed;
};
int fast_cores(std::span<const ProcessorSpeed> processors);

// Processors of one group of at most 64, a bit each: how Windows names those of a core and those that a process may run on.
struct ProcessorSet {
  uint16_t group;
  uint64_t mask;
};
// Processors of the cores that are allowed.
int processors_within(std::span<const ProcessorSet> cores, std::span<const ProcessorSet> allowed);
// The cores of which a processor is allowed.
int cores_within(std::span<const ProcessorSet> cores, std::span<const ProcessorSet> allowed);

}  // namespace lt
