// How many threads fit this process: physical cores within its affinity and its cgroup's CPU quota.
#pragma once
#include <cstdint>

namespace lt {

int usable_cores();          // at least 1
uint64_t available_bytes();  // memory that can still be taken, by the system's and the cgroup's reckoning; UINT64_MAX: unknown

}  // namespace lt
