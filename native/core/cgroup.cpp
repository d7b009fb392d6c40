#include "core/cgroup.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

namespace lt {
namespace {

constexpr uint64_t no_limit = UINT64_MAX;

bool lists(const std::string& names, std::string_view name, char between) {
  std::istringstream in(names);
  for (std::string one; std::getline(in, one, between);)
    if (one == name) return true;
  return false;
}

std::optional<uint64_t> number_in(const std::string& path) {
  std::ifstream in(path);
  uint64_t value = 0;
  if (in >> value) return value;
  return std::nullopt;  // no file, or "max"
}

// The number after `key` in a file of "key value" lines; 0 where it is not.
uint64_t value_in(const std::string& path, std::string_view key) {
  std::ifstream in(path);
  std::string word;
  for (uint64_t value = 0; in >> word >> value;)
    if (word == key) return value;
  return 0;
}

uint64_t less(uint64_t a, uint64_t b) { return a - std::min(a, b); }

// limit - (usage - page cache)
uint64_t left(std::optional<uint64_t> limit, std::optional<uint64_t> used, uint64_t cache) {
  return limit && used ? less(*limit, less(*used, cache)) : no_limit;
}

uint64_t memory_2(const std::string& folder) {
  const std::string stat = folder + "/memory.stat";
  const auto used = number_in(folder + "/memory.current");
  const uint64_t cache = value_in(stat, "inactive_file") + value_in(stat, "active_file");
  return std::min(left(number_in(folder + "/memory.max"), used, cache), left(number_in(folder + "/memory.high"), used, cache));
}

// hierarchical_memory_limit: the smallest of the groups above too, of which a container may see nothing else.
uint64_t memory_1(const std::string& folder) {
  const std::string stat = folder + "/memory.stat";
  const auto used = number_in(folder + "/memory.usage_in_bytes");
  const uint64_t cache = value_in(stat, "total_inactive_file") + value_in(stat, "total_active_file");
  const uint64_t above = value_in(stat, "hierarchical_memory_limit");
  return std::min(left(number_in(folder + "/memory.limit_in_bytes"), used, cache), above ? left(above, used, cache) : no_limit);
}

double ratio(const std::optional<double>& quota, const std::optional<double>& period) {
  return quota && period && *quota > 0 && *period > 0 ? *quota / *period : 1e9;
}

std::optional<double> signed_number_in(const std::string& path) {
  std::ifstream in(path);
  double value = 0;
  if (in >> value) return value;
  return std::nullopt;
}

double processors_2(const std::string& folder) {
  std::ifstream in(folder + "/cpu.max");  // "max 100000" or "150000 100000"
  double quota = 0, period = 0;
  return in >> quota >> period ? ratio(quota, period) : 1e9;
}

double processors_1(const std::string& folder) {
  return ratio(signed_number_in(folder + "/cpu.cfs_quota_us"), signed_number_in(folder + "/cpu.cfs_period_us"));
}

// A file system of control groups, as a line of /proc/self/mountinfo tells:
// 36 35 0:31 /group/shown /sys/fs/cgroup/memory rw,relatime shared:15 - cgroup cgroup rw,memory
struct Mount {
  std::string group, folder;  // the group that is shown at the folder
};

std::optional<Mount> mount_of(const std::string& mountinfo, std::string_view controller) {
  std::ifstream in(mountinfo);
  for (std::string line; std::getline(in, line);) {
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream before(line.substr(0, dash)), after(line.substr(dash + 3));
    std::string word, type, source, options;
    Mount m;
    before >> word >> word >> word >> m.group >> m.folder;
    after >> type >> source >> options;
    const bool fits = controller.empty() ? type == "cgroup2" : type == "cgroup" && lists(options, controller, ',');
    if (fits && !m.folder.empty()) return m;
  }
  return std::nullopt;
}

}  // namespace

// A line of /proc/self/cgroup: "0::/a/b", of version 1 "4:memory:/a/b".
std::string Cgroups::path_of(std::string_view controller) const {
  std::ifstream in(root_ + "/proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const size_t a = line.find(':'), b = a == std::string::npos ? a : line.find(':', a + 1);
    if (b == std::string::npos) continue;
    const std::string names = line.substr(a + 1, b - a - 1);
    if (controller.empty() ? names.empty() : lists(names, controller, ',')) return line.substr(b + 1);
  }
  return "/";
}

std::vector<std::string> Cgroups::folders(std::string_view controller) const {
  const std::string usual = "/sys/fs/cgroup" + (controller.empty() ? "" : "/" + std::string(controller));
  const Mount mount = mount_of(root_ + "/proc/self/mountinfo", controller).value_or(Mount{"/", usual});
  std::string path = path_of(controller);
  // A container's mount often begins at its own group, and the path names it from the machine's root.
  if (mount.group != "/" && (path == mount.group || path.starts_with(mount.group + "/"))) path.erase(0, mount.group.size());
  std::vector<std::string> all;
  for (; path.size() > 1 && path[0] == '/'; path.erase(path.rfind('/'))) all.push_back(root_ + mount.folder + path);
  all.push_back(root_ + mount.folder);
  return all;
}

uint64_t Cgroups::memory() const {
  uint64_t least = no_limit;
  for (const std::string& folder : folders("")) least = std::min(least, memory_2(folder));
  for (const std::string& folder : folders("memory")) least = std::min(least, memory_1(folder));
  return least;
}

double Cgroups::processors() const {
  double least = 1e9;
  for (const std::string& folder : folders("")) least = std::min(least, processors_2(folder));
  for (const std::string& folder : folders("cpu")) least = std::min(least, processors_1(folder));
  return least;
}

}  // namespace lt
