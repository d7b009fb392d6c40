#include "engine/processors.h"

#include <algorithm>
#ifndef _WIN32
#include <unistd.h>
#endif
#ifdef __linux__
#include <sched.h>
#endif

namespace lt::engine {

Processors Processors::take(Packet& from) {
  Processors p;
  p.machine = from.text();
  p.allowed = from.text();
  return p;
}

Processors processors_here() {
  Processors here;
#ifndef _WIN32
  char name[256] = "";
  if (gethostname(name, sizeof name - 1) == 0) here.machine = name;
#endif
#ifdef __linux__
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) here.allowed.assign(reinterpret_cast<const char*>(&set), sizeof set);
#endif
  return here;
}

int sharers(const std::vector<Processors>& ranks, size_t rank) {
  const Processors& own = ranks[rank];
  const auto shares = [&](const Processors& other) {
    if (other.machine != own.machine) return false;
    if (other.allowed.empty() || own.allowed.empty()) return true;
    for (size_t i = 0; i < std::min(own.allowed.size(), other.allowed.size()); i++)
      if (own.allowed[i] & other.allowed[i]) return true;
    return false;
  };
  return std::max<int>(1, static_cast<int>(std::count_if(ranks.begin(), ranks.end(), shares)));
}

}  // namespace lt::engine
