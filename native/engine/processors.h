// Which processors the ranks of a job run on: those that share some divide the threads.
#pragma once
#include <string>
#include <vector>

#include "engine/packet.h"

namespace lt::engine {

struct Processors {
  std::string machine;
  std::string allowed;  // a bit each, as the system says; empty: it does not say

  void put(Packet& to) const { to.put(machine).put(allowed); }
  static Processors take(Packet& from);
};

Processors processors_here();
// Ranks that may run on a processor of rank `rank`, itself among them.
int sharers(const std::vector<Processors>& ranks, size_t rank);

}  // namespace lt::engine
