// The ranks of this process's job, as a launcher started them.
#pragma once
#include <memory>
#include <string>

#include "comm/comm.h"

namespace lt::comm {

// Null: nobody started this process as one of several. Joined at the first call, which waits for the others; where that failed, it
// throws the same error each time.
std::shared_ptr<Comm> world();
// What the launcher says: this process's rank, and how many there are. Never waits.
int rank_here();
int ranks_here();

// What there is of MPI, for people: "compiled in; libmpi.so.40", "compiled in; no library of Open MPI or MPICH was found".
std::string about();

}  // namespace lt::comm
