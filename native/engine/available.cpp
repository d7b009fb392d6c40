#include "engine/available.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>

#ifdef _WIN32
#include <windows.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(__linux__)
#include <unistd.h>
#endif

namespace lt::engine {
namespace {

constexpr uint64_t unknown = UINT64_MAX;

#if !defined(_WIN32) && !defined(__APPLE__)

// The number after `key` in a file of "key value" lines.
uint64_t value_in(const std::string& path, const std::string& key) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string word;
    uint64_t value;
    if (words >> word >> value && word == key) return value;
  }
  return unknown;
}

uint64_t number_in(const std::string& path) {
  std::ifstream in(path);
  uint64_t value;
  return in >> value ? value : unknown;  // "max" is no number
}

// limit - usage + page cache, which is given back under pressure.
uint64_t group_available(const std::string& folder) {
  const uint64_t limit = number_in(folder + "/memory.max"), used = number_in(folder + "/memory.current");
  if (limit == unknown || used == unknown) return unknown;
  uint64_t cache = 0;
  for (const char* key : {"inactive_file", "active_file"})
    if (const uint64_t v = value_in(folder + "/memory.stat", key); v != unknown) cache += v;
  const uint64_t taken = used - std::min(used, cache);
  return limit - std::min(limit, taken);
}

// Every control group from this process's to the root limits it (cgroup v2).
uint64_t groups_available() {
  std::ifstream in("/proc/self/cgroup");
  std::string path;
  for (std::string line; std::getline(in, line);)
    if (line.rfind("0::", 0) == 0) path = line.substr(3);
  uint64_t least = group_available("/sys/fs/cgroup");
  while (path.size() > 1) {
    least = std::min(least, group_available("/sys/fs/cgroup" + path));
    path.erase(path.find_last_of('/'));
  }
  return least;
}

#endif

}  // namespace

uint64_t available_memory() {
#ifdef _WIN32
  MEMORYSTATUSEX status{};
  status.dwLength = sizeof status;
  return GlobalMemoryStatusEx(&status) ? status.ullAvailPhys : unknown;
#elif defined(__APPLE__)
  uint64_t total = 0;
  size_t size = sizeof total;
  return sysctlbyname("hw.memsize", &total, &size, nullptr, 0) == 0 ? total : unknown;
#else
  const uint64_t kilobytes = value_in("/proc/meminfo", "MemAvailable:");
  return std::min(kilobytes == unknown ? unknown : kilobytes * 1024, groups_available());
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

}  // namespace lt::engine
