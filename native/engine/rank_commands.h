// What rank 0 tells the others, and what becomes of a failure meanwhile.
#pragma once
#include "comm/comm.h"
#include "engine/current_error.h"

namespace lt::engine {

// What rank 0 tells the others to do. An empty message: it ends.
enum class RankCommand : int64_t { load_model, step, free_model };

inline int64_t number_of(RankCommand command) { return static_cast<int64_t>(command); }

// What `work` throws ends all ranks.
template <class Work>
auto guarded(comm::Comm& comm, Work work) {
  try {
    return work();
  } catch (...) {
    const Error error = current_error();
    comm.fail(error);
    comm.check();  // the first failure of all
    throw error;
  }
}

}  // namespace lt::engine
