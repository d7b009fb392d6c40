// The ranks of this process's job, as a launcher started them.
#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "comm/comm.h"

namespace lt::comm {

// Null: nobody started this process as one of several. Joined at the first call, which waits for the others; where that failed, it
// throws the same error each time.
std::shared_ptr<Comm> world();
bool in_world();  // whether world() is, or will be, one of several ranks; never waits
int rank_here();  // 0 where there is one

// Of calls of the world's methods: one thread at a time.
std::mutex& world_lock();

// What there is of MPI, for people: "compiled in; libmpi.so.40", "compiled in; no library of Open MPI or MPICH was found".
std::string about();

}  // namespace lt::comm
