#include "backend/gpu/face/memory.h"
#include "backend/gpu/gpu.h"

namespace lt::gpu::face {

Stream::Stream(const std::string& variant) : blocks_(std::make_unique<Blocks>(variant == "wave64" ? 64 : 32)) {}
Stream::~Stream() = default;

void Stream::add(Work work) {
  if (recording_) return recording_->push_back(std::move(work));
  queue_.push_back(std::move(work));
  added_++;
}

void Stream::zero(void* to, size_t bytes) {
  add([=] { std::memset(to, 0, bytes); });
}
void Stream::to_device(void* to, const void* pinned, size_t bytes) {
  add([=] { std::memcpy(to, pinned, bytes); });
}
void Stream::to_host(void* to, const void* from, size_t bytes) {
  add([=] { std::memcpy(to, from, bytes); });
}

void Stream::wait_for(uint64_t count) {
  if (recording_) throw Error(Code::internal, "a stream is waited for while its work is recorded");
  try {
    for (; done_ < count; done_++) {
      const Work work = std::move(queue_.front());
      queue_.pop_front();
      work();
    }
#ifndef LT_FACE_ASAN
    check_guards();
#endif
  } catch (...) {
    queue_.clear();
    done_ = added_;
    throw;
  }
}

void Stream::begin() { recording_ = std::make_unique<std::vector<Work>>(); }

Graph Stream::end() {
  Graph g;
  g.work_ = std::move(*recording_);
  recording_.reset();
  return g;
}

}  // namespace lt::gpu::face
