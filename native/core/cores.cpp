#include "core/cores.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
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

int processors_within(std::span<const ProcessorSet> cores, std::span<const ProcessorSet> allowed) {
  int n = 0;
  for (const ProcessorSet& core : cores) {
    uint64_t mask = 0;
    for (const ProcessorSet& a : allowed)
      if (a.group == core.group) mask |= core.mask & a.mask;
    n += std::popcount(mask);
  }
  return n;
}

// Cores of one kind differ by a few hundredths, as firmware prefers some of them; another kind has two thirds or less.
int fast_cores(std::span<const ProcessorSpeed> processors) {
  uint64_t most = 0;
  for (const ProcessorSpeed& p : processors) most = std::max(most, p.speed);
  std::set<std::string> fast;
  for (const ProcessorSpeed& p : processors)
    if (10 * p.speed >= 8 * most) fast.insert(p.core);
  return std::max(1, static_cast<int>(fast.size()));
}

#if defined(__linux__)
namespace {

std::string line_of(int processor, const std::string& file) {
  std::ifstream f("/sys/devices/system/cpu/cpu" + std::to_string(processor) + "/" + file);
  std::string line;
  std::getline(f, line);
  return line;
}

// Those that this process may run on.
std::vector<int> processors_in_affinity() {
  constexpr int most = 4096;
  std::array<cpu_set_t, most / CPU_SETSIZE> sets = {};  // one long set
  std::vector<int> all;
  if (sched_getaffinity(0, sizeof sets, sets.data()) == 0)
    for (int c = 0; c < most; c++)
      if (CPU_ISSET_S(c, sizeof sets, sets.data())) all.push_back(c);
  return all;
}

// Hardware threads of one core share a siblings list, so the distinct lists are the cores.
std::string core_of(int processor) {
  const std::string list = line_of(processor, "topology/thread_siblings_list");
  return list.empty() ? std::to_string(processor) : list;
}

// Arm's kernels say what a core is able to, others its highest frequency; 0 where neither is known, as in virtual machines.
uint64_t speed_of(int processor) {
  for (const char* file : {"cpu_capacity", "cpufreq/cpuinfo_max_freq"})
    if (const std::string line = line_of(processor, file); !line.empty()) return std::strtoull(line.c_str(), nullptr, 10);
  return 0;
}

// No more than the control groups' quota.
int within_quota(size_t n) { return std::max(1, static_cast<int>(std::min(static_cast<double>(n), Cgroups().processors()))); }

}  // namespace

int usable_cores() {
  std::set<std::string> cores;
  for (const int p : processors_in_affinity()) cores.insert(core_of(p));
  return within_quota(cores.size());
}

int usable_processors() { return within_quota(processors_in_affinity().size()); }

int fast_cores() {
  std::vector<ProcessorSpeed> all;
  for (const int p : processors_in_affinity()) all.push_back({core_of(p), speed_of(p)});
  return std::min(fast_cores(all), usable_cores());
}

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

int usable_processors() { return std::max(usable_cores(), processors_within(all_cores(), allowed_processors())); }

int fast_cores() { return usable_cores(); }

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

int usable_processors() { return std::max(usable_cores(), static_cast<int>(std::thread::hardware_concurrency())); }

int fast_cores() { return usable_cores(); }  // the fast ones are counted at once

#endif

}  // namespace lt
