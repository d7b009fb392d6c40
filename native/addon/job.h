// A long piece of work on a thread of its own, which tells how far it is and can be stopped: quantizing, converting, measuring.
// JavaScript hears 'progress' (a fraction) now and then, and at the end 'done' with the work's value, or 'failed'.
#pragma once
#include <atomic>
#include <functional>
#include <memory>

#include "addon/bridge.h"

namespace lt::addon {

// Told the fraction that is done, from 0 to 1; false: the work should end soon, by throwing Code::disposed.
using Progress = std::function<bool(double fraction)>;

class Job : public Task {
 public:
  using Result = std::function<Napi::Value(Napi::Env)>;  // made on the JavaScript thread
  using Work = std::function<Result(const Progress&)>;   // runs on the job's thread; may throw

  Job(std::shared_ptr<Mailbox> mailbox, double ticket, Work work) : mailbox_(std::move(mailbox)), ticket_(ticket), work_(std::move(work)) {
    last_.push_back({ticket, "done", nullptr});
  }

  void run() override;
  void stop() override { stopped_ = true; }

 private:
  bool tell(double fraction);

  const std::shared_ptr<Mailbox> mailbox_;
  const double ticket_;
  Work work_;  // until it has run: what it holds goes then, whoever holds the job
  std::atomic<bool> stopped_{false};
  double told_ = -1;
  Events last_;  // its last word, made ahead: saying that memory is lacking takes none
};

// Starts it for the ticket that is the call's first argument. What JavaScript gets to stop it with: stopJob(handle).
Napi::Value start_job(const Napi::CallbackInfo& info, Job::Work work);
Napi::Value stop_job(const Napi::CallbackInfo& info);

}  // namespace lt::addon
