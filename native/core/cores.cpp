#include "core/cores.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>
#if defined(__linux__)
#include <sched.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

namespace lt {

#if defined(__linux__)
namespace {

std::string first_line(const std::string& path) {
  std::ifstream f(path);
  std::string line;
  std::getline(f, line);
  return line;
}

// Hardware threads of one core share a siblings list, so the distinct lists are the cores.
int cores_in_affinity() {
  constexpr int most = 4096;
  cpu_set_t* set = CPU_ALLOC(most);
  if (!set) return 1;
  const size_t bytes = CPU_ALLOC_SIZE(most);
  CPU_ZERO_S(bytes, set);
  std::set<std::string> cores;
  if (sched_getaffinity(0, bytes, set) == 0)
    for (int c = 0; c < most; c++) {
      if (!CPU_ISSET_S(c, bytes, set)) continue;
      const std::string list = first_line("/sys/devices/system/cpu/cpu" + std::to_string(c) + "/topology/thread_siblings_list");
      cores.insert(list.empty() ? std::to_string(c) : list);
    }
  CPU_FREE(set);
  return std::max(1, static_cast<int>(cores.size()));
}

// The folders of this process's cgroup and its parents that may carry a limit. Inside a container the path of /proc/self/cgroup
// may not exist, and the root is the container's own group.
std::vector<std::string> cgroup_folders(const std::string& controller, const std::string& mount) {
  std::ifstream f("/proc/self/cgroup");
  std::vector<std::string> folders;
  for (std::string line; std::getline(f, line);) {
    const size_t a = line.find(':'), b = line.find(':', a + 1);
    if (a == std::string::npos || b == std::string::npos) continue;
    const std::string names = line.substr(a + 1, b - a - 1);
    if ((',' + names + ',').find(',' + controller + ',') == std::string::npos && !(names.empty() && controller.empty())) continue;
    for (std::string path = line.substr(b + 1); path.size() > 1; path = path.substr(0, path.rfind('/'))) folders.push_back(mount + path);
  }
  folders.push_back(mount);
  return folders;
}

double cpu_quota() {
  double quota = 1e9;
  for (const std::string& folder : cgroup_folders("", "/sys/fs/cgroup")) {
    std::istringstream s(first_line(folder + "/cpu.max"));  // "max 100000" or "150000 100000"
    double most = 0, period = 0;
    if (s >> most >> period && most > 0 && period > 0) quota = std::min(quota, most / period);
  }
  for (const std::string& folder : cgroup_folders("cpu", "/sys/fs/cgroup/cpu")) {
    std::istringstream q(first_line(folder + "/cpu.cfs_quota_us")), p(first_line(folder + "/cpu.cfs_period_us"));
    double most = 0, period = 0;
    if (q >> most && p >> period && most > 0 && period > 0) quota = std::min(quota, most / period);
  }
  return quota;
}

uint64_t number(const std::string& path, uint64_t otherwise) {
  std::istringstream s(first_line(path));
  uint64_t n = 0;
  return s >> n ? n : otherwise;
}

}  // namespace

int usable_cores() { return std::max(1, static_cast<int>(std::min<double>(cores_in_affinity(), cpu_quota()))); }

uint64_t available_bytes() {
  uint64_t available = UINT64_MAX;
  std::ifstream f("/proc/meminfo");
  for (std::string line; std::getline(f, line);)
    if (line.rfind("MemAvailable:", 0) == 0) available = std::stoull("0" + line.substr(line.find_first_of("0123456789"))) << 10;
  for (const std::string& folder : cgroup_folders("", "/sys/fs/cgroup")) {
    const uint64_t most = number(folder + "/memory.max", UINT64_MAX), used = number(folder + "/memory.current", 0);
    if (most != UINT64_MAX) available = std::min(available, most > used ? most - used : 0);
  }
  return available;
}

#else

int usable_cores() {
#if defined(__APPLE__)
  int cores = 0;
  size_t size = sizeof(cores);
  if (sysctlbyname("hw.perflevel0.physicalcpu", &cores, &size, nullptr, 0) == 0 && cores > 0) return cores;
  size = sizeof(cores);
  if (sysctlbyname("hw.physicalcpu", &cores, &size, nullptr, 0) == 0 && cores > 0) return cores;
#endif
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

uint64_t available_bytes() { return UINT64_MAX; }

#endif

}  // namespace lt
