// Ranks that are threads of one process: for checks of everything but the wire.
#pragma once
#include <memory>
#include <vector>

#include "comm/comm.h"

namespace lt::comm {

// One for each rank, to be used by one thread each.
std::vector<std::shared_ptr<Comm>> threads(int size);

}  // namespace lt::comm
