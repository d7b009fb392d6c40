#include "core/cores.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/cgroup.h"
#if defined(__linux__)
#include <sched.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#elif defined(_WIN32)
#include <windows.h>
#endif

namespace lt {

int cores_within(std::span<const ProcessorSet> cores, std::span<const ProcessorSet> allowed) {
  const auto may_run = [&](const ProcessorSet& core) {
    return std::any_of(allowed.begin(), allowed.end(),
                       [&](const ProcessorSet& a) { return a.group == core.group && (a.mask & core.mask); });
  };
  return static_cast<int>(std::count_if(cores.begin(), cores.end(), may_run));
}

#if defined(__linux__)
namespace {

// Hardware threads of one core share a siblings list, so the distinct lists are the cores.
int cores_in_affinity() {
  constexpr int most = 4096;
  std::array<cpu_set_t, most / CPU_SETSIZE> sets = {};  // one long set
  std::set<std::string> cores;
  if (sched_getaffinity(0, sizeof sets, sets.data()) == 0)
    for (int c = 0; c < most; c++) {
      if (!CPU_ISSET_S(c, sizeof sets, sets.data())) continue;
      std::ifstream f("/sys/devices/system/cpu/cpu" + std::to_string(c) + "/topology/thread_siblings_list");
      std::string list;
      std::getline(f, list);
      cores.insert(list.empty() ? std::to_string(c) : list);
    }
  return std::max(1, static_cast<int>(cores.size()));
}

}  // namespace

int usable_cores() { return std::max(1, static_cast<int>(std::min<double>(cores_in_affinity(), Cgroups().processors()))); }

#elif defined(_WIN32)
namespace {

// One record a core, of which the system says the length.
std::vector<ProcessorSet> all_cores() {
  DWORD bytes = 0;
  GetLogicalProcessorInformationEx(RelationProcessorCore, nullptr, &bytes);
  std::vector<uint64_t> memory(bytes / sizeof(uint64_t) + 1);  // for the records' alignment
  auto* const records = reinterpret_cast<char*>(memory.data());
  const auto at = [records](DWORD i) { return reinterpret_cast<SYSTEM_LOGICAL_PROCESSOR_INFORMATION_EX*>(records + i); };
  std::vector<ProcessorSet> cores;
  if (!bytes || !GetLogicalProcessorInformationEx(RelationProcessorCore, at(0), &bytes)) return cores;
  for (DWORD i = 0; i < bytes && at(i)->Size > 0; i += at(i)->Size)
    cores.push_back({at(i)->Processor.GroupMask[0].Group, at(i)->Processor.GroupMask[0].Mask});  // a core is in one group
  return cores;
}

// A process's mask is of its only group. Where it runs in several groups, the system gives none, and all of theirs are allowed.
std::vector<ProcessorSet> allowed_processors() {
  USHORT groups[64], count = 64;
  if (!GetProcessGroupAffinity(GetCurrentProcess(), &count, groups)) return {};
  DWORD_PTR own = 0, system = 0;
  const bool masked = count == 1 && GetProcessAffinityMask(GetCurrentProcess(), &own, &system) && own != 0;
  std::vector<ProcessorSet> allowed;
  for (USHORT g = 0; g < count; g++) allowed.push_back({groups[g], masked ? own : ~uint64_t{0}});
  return allowed;
}

}  // namespace

int usable_cores() {
  const int cores = cores_within(all_cores(), allowed_processors());
  return cores > 0 ? cores : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
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

#endif

}  // namespace lt
