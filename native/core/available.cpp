#include "core/available.h"

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/cgroup.h"
#ifdef _WIN32
#include <windows.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(__linux__)
#include <unistd.h>
#endif

namespace lt {
namespace {

constexpr uint64_t unknown = UINT64_MAX;

#if !defined(_WIN32) && !defined(__APPLE__)

// "MemAvailable:   12345 kB"
uint64_t machine_memory(const std::string& meminfo) {
  std::ifstream in(meminfo);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string word;
    uint64_t kilobytes = 0;
    if (words >> word >> kilobytes && word == "MemAvailable:") return kilobytes << 10;
  }
  return unknown;
}

#endif

}  // namespace

uint64_t available_memory([[maybe_unused]] const std::string& root) {
#ifdef _WIN32
  MEMORYSTATUSEX status{};
  status.dwLength = sizeof status;
  return GlobalMemoryStatusEx(&status) ? status.ullAvailPhys : unknown;
#elif defined(__APPLE__)
  uint64_t total = 0;
  size_t size = sizeof total;
  return sysctlbyname("hw.memsize", &total, &size, nullptr, 0) == 0 ? total : unknown;
#else
  return std::min(machine_memory(root + "/proc/meminfo"), Cgroups(root).memory());
#endif
}

bool shows_gpu() {
#ifdef __linux__
  for (const char* node : {"/dev/dri", "/dev/nvidiactl", "/dev/nvgpu", "/dev/nvhost-gpu", "/dev/kfd", "/dev/dxg"})
    if (access(node, F_OK) == 0) return true;
  return false;
#else
  return true;
#endif
}

}  // namespace lt
