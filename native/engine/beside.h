// Work done on a thread of its own while the caller does something else.
#pragma once
#include <exception>
#include <functional>
#include <thread>

namespace lt::engine {

class Beside {
 public:
  explicit Beside(std::function<void()> work)
      : thread_([this, work = std::move(work)] {
          try {
            work();
          } catch (...) {
            error_ = std::current_exception();
          }
        }) {}
  ~Beside() {
    if (thread_.joinable()) thread_.join();
  }

  void join() {  // throws what the work threw
    thread_.join();
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace lt::engine
