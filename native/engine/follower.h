// This process among those that a launcher such as mpirun started.
#pragma once
#include <memory>
#include <mutex>
#include <string>

#include "comm/comm.h"
#include "engine/engine.h"

namespace lt::engine {

// Of this process, as its launcher says.
int rank_here();
int ranks_here();
void prepare_ranks();       // early, while the process has few threads
std::string about_ranks();  // what there is of MPI, for people

// As a process that a launcher started. stop() ends it from another thread, and with it all ranks.
class Follower {
 public:
  void run(const std::string& path, const EngineOptions& options);
  void stop();

 private:
  std::mutex mutex_;
  bool stopped_ = false;
  std::shared_ptr<comm::Comm> comm_;
};

}  // namespace lt::engine
