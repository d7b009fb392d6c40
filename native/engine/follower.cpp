#include "engine/follower.h"

#include <utility>

#include "comm/world.h"
#include "engine/rank_loading.h"

namespace lt::engine {

int rank_here() { return comm::rank_here(); }
int ranks_here() { return comm::ranks_here(); }
void prepare_ranks() { comm::prepare(); }
std::string about_ranks() { return comm::about(); }

void Follower::run(const std::string& path, const EngineOptions& options) {
  const auto comm = options.comm ? options.comm : comm::world();
  const auto at_work = [this](std::shared_ptr<comm::Comm> with) {
    const std::lock_guard lock(mutex_);
    comm_ = std::move(with);
    if (comm_ && stopped_) comm_->fail(Error(Code::disposed, "was stopped"));
  };
  at_work(comm);
  try {
    follow(comm, path, options);
  } catch (...) {
    at_work(nullptr);
    throw;
  }
  at_work(nullptr);
}

void Follower::stop() {
  const std::lock_guard lock(mutex_);
  if (!std::exchange(stopped_, true) && comm_) comm_->fail(Error(Code::disposed, "was stopped"));
}

}  // namespace lt::engine
