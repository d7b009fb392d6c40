#include "engine/settling.h"

#include "core/available.h"
#include "core/background.h"

namespace lt::engine {

Settling::~Settling() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void Settling::begin() noexcept {
  if (begun_) return;
  begun_ = true;
  if (!file_ || !file_->mapped() || file_->tensor_bytes() < worth_while) return;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (...) {  // the system has no thread to give
  }
}

bool Settling::has_room(uint64_t times) const { return available_memory() / times >= file_->tensor_bytes(); }

void Settling::run() noexcept {
  run_in_background();
  try {
    if (has_room(2)) file_->settle([this] { return stop_ || !has_room(1); });
  } catch (...) {  // the file was cut: what is not moved says so where it is read
  }
}

}  // namespace lt::engine
