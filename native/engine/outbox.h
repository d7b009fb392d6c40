// Reports on their way out. One that cannot be delivered makes its request fail; what cannot be delivered even then is kept and
// tried again. No report is lost, and none is made twice.
#pragma once
#include "engine/scheduler.h"

namespace lt::engine {

class Outbox {
 public:
  Outbox(Scheduler& scheduler, Sink sink) : scheduler_(scheduler), sink_(std::move(sink)) {}

  void settle() noexcept { scheduler_.take_finished(ended_); }  // takes out what finished, its last words to be delivered
  // Everything that is new, in one call of the sink. Gives the number of requests whose last report went out.
  size_t deliver() noexcept;
  bool empty() const { return ended_.empty(); }  // every last report went out

 private:
  bool deliver_together() noexcept;
  void deliver_alone(Sequence& s) noexcept;
  template <class F>
  void for_each(F f) const;

  Scheduler& scheduler_;
  Sink sink_;
  Scheduler::Queue ended_;
};

}  // namespace lt::engine
