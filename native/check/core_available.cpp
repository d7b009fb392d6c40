// What the system lets this process take, against folders that look like Linux's /proc and /sys.
#include <array>
#include <filesystem>

#include "check/check.h"
#include "check/temporary.h"
#include "core/available.h"
#include "core/cgroup.h"
#include "core/cores.h"
#include "core/thread_choice.h"

namespace {

using namespace lt;
using check::Temporary;

#if defined(__linux__)
constexpr uint64_t MB = 1 << 20;

struct Machine {
  Temporary folder;

  Machine() { put("proc/meminfo", "MemTotal: 9000000 kB\nMemFree: 1 kB\nMemAvailable:    8388608 kB\n"); }
  Machine& put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder.at(path)).parent_path());
    folder.write(path, text);
    return *this;
  }
  Machine& group(const std::string& folder, const std::string& limit, uint64_t used, uint64_t inactive, uint64_t active,
                 const std::string& high = "max") {
    put(folder + "/memory.max", limit + "\n").put(folder + "/memory.high", high + "\n");
    put(folder + "/memory.current", std::to_string(used) + "\n");
    return put(folder + "/memory.stat", "anon 1\nfile 999999999999\ninactive_file " + std::to_string(inactive) + "\nactive_file " +
                                            std::to_string(active) + "\nshmem 7\n");
  }
  Machine& group_1(const std::string& folder, uint64_t limit, uint64_t used, uint64_t cache, uint64_t above) {
    put(folder + "/memory.limit_in_bytes", std::to_string(limit) + "\n")
        .put(folder + "/memory.usage_in_bytes", std::to_string(used) + "\n");
    return put(folder + "/memory.stat", "inactive_file 5\nhierarchical_memory_limit " + std::to_string(above) + "\ntotal_inactive_file " +
                                            std::to_string(cache) + "\ntotal_active_file 0\n");
  }
  uint64_t memory() const { return available_memory(folder.path()); }
  double processors() const { return Cgroups(folder.path()).processors(); }
};

std::string bytes(uint64_t n) { return std::to_string(n); }
const std::string mounted_2 = "30 20 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

CHECK_CASE("core/available memory: the machine's where no group limits it") {
  Machine m;
  CHECK(m.memory() == 8192 * MB);
  m.put("proc/self/cgroup", "0::/user.slice\n").put("proc/self/mountinfo", mounted_2).group("sys/fs/cgroup/user.slice", "max", 100, 0, 0);
  CHECK(m.memory() == 8192 * MB);
}

CHECK_CASE("core/available memory: what the page cache holds can be taken") {
  Machine m;
  m.put("proc/self/cgroup", "0::/\n").put("proc/self/mountinfo", mounted_2);
  m.group("sys/fs/cgroup", bytes(4096 * MB), 4090 * MB, 3000 * MB, 1000 * MB);  // a model was just downloaded
  CHECK(m.memory() == (4096 - 90) * MB);
  m.group("sys/fs/cgroup", bytes(4096 * MB), 4090 * MB, 0, 0);
  CHECK(m.memory() == 6 * MB);
  m.group("sys/fs/cgroup", bytes(4096 * MB), 5000 * MB, 0, 0);  // over its limit
  CHECK(m.memory() == 0);
  m.group("sys/fs/cgroup", bytes(4096 * MB), 10 * MB, 20 * MB, 0);  // the numbers are not of one moment
  CHECK(m.memory() == 4096 * MB);
}

CHECK_CASE("core/available memory: the smallest along the path, of memory.max and memory.high") {
  Machine m;
  m.put("proc/self/cgroup", "0::/a/b/c\n").put("proc/self/mountinfo", mounted_2);
  m.group("sys/fs/cgroup/a", bytes(2000 * MB), 500 * MB, 100 * MB, 0);
  m.group("sys/fs/cgroup/a/b", "max", 400 * MB, 0, 0);
  m.group("sys/fs/cgroup/a/b/c", bytes(6000 * MB), 300 * MB, 0, 0);
  m.group("sys/fs/cgroup/other", bytes(1 * MB), 0, 0, 0);
  CHECK(m.memory() == 1600 * MB);
  m.group("sys/fs/cgroup/a/b", "max", 400 * MB, 0, 50 * MB, bytes(1000 * MB));
  CHECK(m.memory() == 650 * MB);
  m.group("sys/fs/cgroup/a/b/c", bytes(310 * MB), 300 * MB, 0, 0);
  CHECK(m.memory() == 10 * MB);
}

CHECK_CASE("core/available memory: version 1, and both at once") {
  Machine m;
  constexpr uint64_t none = 9223372036854771712u;
  m.put("proc/self/cgroup", "9:name=systemd:/x\n4:cpu,cpuacct:/box\n3:memory:/box/inner\n0::/unified\n");
  m.put("proc/self/mountinfo",
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
        "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n");
  m.group_1("sys/fs/cgroup/memory/box/inner", none, 900 * MB, 100 * MB, none);
  CHECK(m.memory() == 8192 * MB);
  m.group_1("sys/fs/cgroup/memory/box", 1000 * MB, 950 * MB, 150 * MB, 1000 * MB);
  CHECK(m.memory() == 200 * MB);
  m.group("sys/fs/cgroup/unified/unified", bytes(500 * MB), 450 * MB, 0, 0);
  CHECK(m.memory() == 50 * MB);
  m.put("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "150000\n").put("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_period_us", "100000\n");
  CHECK(m.processors() == 1.5);
  m.put("sys/fs/cgroup/cpu,cpuacct/box/cpu.cfs_quota_us", "-1\n");
  CHECK(m.processors() == 1e9);
}

CHECK_CASE("core/available memory: inside a container, whose mount begins at its own group") {
  Machine m;
  m.put("proc/self/cgroup", "3:memory:/docker/abc\n");
  m.put("proc/self/mountinfo", "35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n");
  m.group_1("sys/fs/cgroup/memory", 9223372036854771712u, 700 * MB, 600 * MB, 1000 * MB);  // a group above, which is not shown, limits
  CHECK(m.memory() == 900 * MB);
  m.put("proc/self/cgroup", "0::/docker/abc/inner\n")
      .put("proc/self/mountinfo", "30 20 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n");
  m.group("sys/fs/cgroup", bytes(800 * MB), 100 * MB, 0, 0).group("sys/fs/cgroup/inner", bytes(300 * MB), 100 * MB, 0, 0);
  CHECK(m.memory() == 200 * MB);
  m.put("proc/self/cgroup", "0::/a/path/that/is/not/mounted\n");
  CHECK(m.memory() == 700 * MB);
}

CHECK_CASE("core/available memory: nothing that a file can hold harms") {
  Machine m;
  m.put("proc/self/cgroup", "\n:\n::\n0:\n0::\n0::relative\nx:y:z:w\n").put("proc/self/mountinfo", "- - -\n\n1 2 3 - cgroup2\n");
  m.put("sys/fs/cgroup/memory.max", "-5\n")
      .put("sys/fs/cgroup/memory.current", "many\n")
      .put("sys/fs/cgroup/memory.stat", "inactive_file\n");
  m.put("sys/fs/cgroup/cpu.max", "0 0\n");
  m.memory();
  CHECK(m.processors() == 1e9);
  m.put("proc/meminfo", "MemAvailable: lots\n").put("sys/fs/cgroup/memory.max", "max\n");
  CHECK(m.memory() == UINT64_MAX);
}

CHECK_CASE("core/processors: the smallest quota along the path") {
  Machine m;
  m.put("proc/self/cgroup", "0::/a/b\n").put("proc/self/mountinfo", mounted_2);
  m.put("sys/fs/cgroup/a/cpu.max", "250000 100000\n").put("sys/fs/cgroup/a/b/cpu.max", "max 100000\n");
  CHECK(m.processors() == 2.5);
  m.put("sys/fs/cgroup/a/b/cpu.max", "50000 100000\n");
  CHECK(m.processors() == 0.5);
}

#endif

CHECK_CASE("core/cores: hardware threads of a core are one, and only what the process may use counts") {
  constexpr std::array<ProcessorSet, 4> cores{{{0, 0b11}, {0, 0b1100}, {0, 0b10000}, {1, 0b11}}};
  const auto within = [&](std::initializer_list<ProcessorSet> allowed) { return cores_within(cores, std::vector<ProcessorSet>(allowed)); };
  CHECK(within({{0, ~uint64_t{0}}}) == 3);
  CHECK(within({{0, ~uint64_t{0}}, {1, ~uint64_t{0}}}) == 4);
  CHECK(within({{0, 0b0110}}) == 2);
  CHECK(within({{0, 0b0001}}) == 1);
  CHECK(within({{1, 0b1000}}) == 0);
  CHECK(within({}) == 0);
  const auto processors = [&](std::initializer_list<ProcessorSet> allowed) {
    return processors_within(cores, std::vector<ProcessorSet>(allowed));
  };
  CHECK(processors({{0, ~uint64_t{0}}}) == 5);
  CHECK(processors({{0, 0b0110}, {1, 0b0001}}) == 3);
  CHECK(processors({{0, 0b0110}, {0, 0b0010}}) == 2);
  CHECK(processors({}) == 0);
  CHECK(usable_processors() >= usable_cores());
}

CHECK_CASE("core/cores: those of a kind that is slower are told apart, but not the better of one kind") {
  const auto fast = [](std::initializer_list<ProcessorSpeed> all) { return fast_cores(std::vector<ProcessorSpeed>(all)); };
  // Two fast cores of two hardware threads, four slow ones: frequencies of a desktop, capacities of a telephone.
  CHECK(fast({{"0-1", 5200}, {"0-1", 5200}, {"2-3", 5000}, {"2-3", 5000}, {"4", 3800}, {"5", 3800}, {"6", 3800}, {"7", 3800}}) == 2);
  CHECK(fast({{"0", 250}, {"1", 250}, {"2", 758}, {"3", 1024}}) == 1);
  CHECK(fast({{"0", 5700}, {"1", 5650}, {"2", 5500}, {"3", 5500}}) == 4);
  CHECK(fast({{"0", 0}, {"1", 0}}) == 2);  // nothing is known
  CHECK(fast({}) == 1);
  CHECK(fast_cores() >= 1 && fast_cores() <= usable_cores());
}

CHECK_CASE("core/threads: what is tried, and the fewest of those that are as fast as any") {
  using Numbers = std::vector<int>;
  CHECK(threads_to_try(1, 1, 1) == Numbers{1});
  CHECK(threads_to_try(2, 2, 2) == (Numbers{1, 2}));
  CHECK(threads_to_try(8, 8, 16) == (Numbers{1, 2, 4, 8, 16}));
  CHECK(threads_to_try(14, 6, 20) == (Numbers{1, 3, 6, 7, 14, 20}));
  CHECK(threads_to_try(300, 300, 256) == (Numbers{1, 37, 75, 150, 256}));
  const auto fewest = [](std::initializer_list<ThreadRate> rates) { return fewest_of_best(std::vector<ThreadRate>(rates)); };
  CHECK(fewest({{1, 10}, {2, 19}, {4, 36}, {8, 41}}) == 8);
  CHECK(fewest({{1, 10}, {2, 19}, {4, 40}, {8, 41}}) == 4);  // memory gives no more
  CHECK(fewest({{1, 10}, {2, 9}, {4, 6}}) == 1);             // a tiny model
  CHECK(fewest({}) == 1);
}

}  // namespace
