// Several ranks that serve one engine. Rank 0 takes requests, schedules and samples; before each step it tells the others which
// rows it computes, and all run the same pass. What goes wrong on one rank ends all of them, with its number in the error.
#pragma once
#include <functional>
#include <memory>

#include "comm/comm.h"
#include "core/backend.h"
#include "engine/engine.h"
#include "engine/stage.h"
#include "model/division.h"

namespace lt::engine {

// One model on several ranks, as each of them sees it.
class Ranks {
 public:
  Ranks(std::shared_ptr<comm::Comm> comm, int64_t model, bool exact, int sharers);
  ~Ranks();  // rank 0, of a model that was loaded: the others free it too
  void loaded() { loaded_ = true; }

  bool leads() const { return comm_->rank() == 0; }
  model::Division& division() { return division_; }
  void forget_weights();  // what was loaded is loaded anew

  // A backend as one of the ranks; with no number of threads asked, with this rank's share of the processors.
  std::unique_ptr<Backend> open(int threads, const std::function<std::unique_ptr<Backend>(int threads)>& with) const;

  // Batch::Lead of rank 0, and what the others do when they are told.
  bool lead(const HostRows& rows, const std::function<bool()>& interrupted, const std::function<bool(const std::function<bool()>&)>& pass);
  void follow(class Packet& told, class Batch& batch);

 private:
  std::shared_ptr<comm::Comm> comm_;
  int64_t model_;  // its number among those of this job
  int sharers_;    // ranks that run on this rank's processors, itself among them
  bool loaded_ = false;
  model::Division division_;
};

}  // namespace lt::engine
