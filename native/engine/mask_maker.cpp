#include "engine/mask_maker.h"

#include <system_error>
#include <utility>

#include "core/background.h"
#include "core/error.h"

namespace lt::engine {

MaskMaker::~MaskMaker() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

MaskMaker::Ready MaskMaker::make(std::shared_ptr<grammar::Masks> masks, grammar::Masks::State state) {
  auto ready = std::make_shared<std::atomic<bool>>(false);
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(masks), state, ready});
    if (!thread_.joinable()) {
      try {
        thread_ = std::thread([this] { run(); });
      } catch (const std::system_error&) {
        jobs_.pop_back();
        throw Error(Code::memory, Literal{"no thread can be started to find out what a bound text may go on with"});
      }
    }
  }
  wake_.notify_one();
  return ready;
}

void MaskMaker::run() noexcept {
  run_in_background();
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (stopping_) return;
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    try {
      job.masks->prepare(job.state, grammar::Grammar::most_steps);
    } catch (...) {
      // Whoever asks for the mask is told.
    }
    job.ready->store(true);
    made_();
    lock.lock();
  }
}

}  // namespace lt::engine
