// A stack of its own that runs until it hands the processor back: a thread of a block.
#pragma once
#include <cstddef>
#include <memory>

namespace lt::gpu::face {

class Fiber {
 public:
  using Body = void (*)(void* context);
  Fiber(Body body, void* context);  // runs nothing yet
  ~Fiber();                         // the body has returned, or never ran
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  void resume();  // runs the body until it pauses or returns; called outside
  void pause();   // called by the body
  void enter();   // the first steps on the new stack

 private:
  void leave(void** fake);

  Body body_;
  void* context_;
  size_t bytes_;
  std::unique_ptr<char[]> stack_;
  void* inside_ = nullptr;   // stack pointer or context of the body while it is paused
  void* outside_ = nullptr;  // of who resumed it
  [[maybe_unused]] const void* outer_stack_ = nullptr;  // for the sanitizer
  [[maybe_unused]] size_t outer_bytes_ = 0;
};

}  // namespace lt::gpu::face
