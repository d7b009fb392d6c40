// How much memory this process can still take.
#pragma once
#include <cstdint>

namespace lt::engine {

// Bytes, within the machine's and the control group's limits; what the page cache would give back counts. UINT64_MAX: unknown.
uint64_t available_memory();

// Whether the system shows a GPU at all; true where that cannot be told. Cheaper than opening a driver, which may bring a compiler.
bool shows_gpu();

}  // namespace lt::engine
