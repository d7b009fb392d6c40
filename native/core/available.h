// What of the machine this process can still take.
#pragma once
#include <cstdint>
#include <string>

namespace lt {

// Bytes, within the machine's and the control groups' limits; what the page cache would give back counts. UINT64_MAX: unknown.
// root: in front of Linux's /proc and /sys, empty but in checks.
uint64_t available_memory(const std::string& root = "");

// Whether the system shows a GPU at all; true where that cannot be told. Cheaper than opening a driver, which may bring a compiler.
bool shows_gpu();

}  // namespace lt
