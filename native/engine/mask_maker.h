// Makes the masks that take long beside the steps, so that nobody else waits for them: on a thread of its own, which there is from the
// first of them on.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "grammar/masks.h"

namespace lt::engine {

class MaskMaker {
 public:
  using Ready = std::shared_ptr<const std::atomic<bool>>;

  // made: called from its thread behind each. Must not throw.
  explicit MaskMaker(std::function<void()> made) : made_(std::move(made)) {}
  ~MaskMaker();

  // Becomes true when the mask is kept, or what keeps it from being made is for its next user to find. Throws Code::memory.
  Ready make(std::shared_ptr<grammar::Masks> masks, grammar::Masks::State state);

 private:
  struct Job {
    std::shared_ptr<grammar::Masks> masks;
    grammar::Masks::State state;
    std::shared_ptr<std::atomic<bool>> ready;
  };

  void run() noexcept;

  const std::function<void()> made_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace lt::engine
