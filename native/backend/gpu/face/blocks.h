// Runs the blocks of a launch one after another, each thread of a block on a fiber, and finds what a device would leave to chance:
// lanes of a wave at different shuffles, threads that miss a barrier, a deadlock, and (shared.h) races in shared memory. The order
// in which waves and lanes go on is random, from LLAMA_TS_FACE_SEED. A fault is an Error naming kernel, block, thread and what.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "backend/gpu/face/fiber.h"
#include "backend/gpu/grid.h"
#include "core/error.h"

namespace lt::gpu::face {

// Of an element of shared memory: who wrote and who read it last, as epoch * 2^16 + thread.
struct Mark {
  uint64_t written = 0, read = 0;
};

// An array in shared memory: found again by each thread of a block through its key.
struct SharedArray {
  const void* key;
  const char* name;
  size_t bytes;
  std::unique_ptr<char[]> data;
  std::vector<Mark> marks;  // one an element
};

struct Launch {
  const char* kernel;
  Grid grid;
  int threads;
  size_t shared;  // bytes of dynamic shared memory
  void (*call)(const void* args);
  const void* args;
};

class Blocks {
 public:
  static constexpr int most_threads = 1024;
  static constexpr size_t most_shared = 48 << 10;  // what every device gives without being asked for more

  explicit Blocks(int wave);
  ~Blocks();
  void run(const Launch& launch);

  // For the kernel that runs. `line` tells one barrier or shuffle of its source from another.
  static Blocks& here();
  int thread() const { return thread_; }
  const Launch& launch() const { return *launch_; }
  const Grid& block() const { return block_; }
  void sync(int line) { wait(State::barrier, 0, line); }
  uint32_t exchange(uint32_t bits, int mask, int line);
  SharedArray& array(const void* key, const char* name, size_t bytes, size_t elements);
  uint64_t now() const { return epoch_ << 16; }          // marks from here on: since the last barrier
  uint64_t since() const { return first_epoch_ << 16; }  // since the block began
  [[noreturn]] void fault(const std::string& what) const;

 private:
  enum class State : uint8_t { ready, barrier, shuffle, done };
  struct Lane {
    State state;
    bool inside;  // its call has begun and not ended
    int line, mask;
    uint32_t bits;
  };
  struct Thread {  // a fiber's context
    Blocks* blocks;
    int index;
    Fiber fiber;
    Thread(Blocks* b, int i) : blocks(b), index(i), fiber(body, this) {}
  };
  struct Abandoned {};

  static void body(void* context);
  void run_thread(int index);
  void wait(State state, int mask, int line);
  void run_block();
  void run_lanes(int wave);
  bool settle(int wave);
  void shuffle(int first, int last);
  void release();
  void stop_at_fault();
  void abandon();
  uint64_t random();

  int wave_;
  uint64_t seed_;
  std::vector<std::unique_ptr<Thread>> fibers_;
  std::vector<Lane> lanes_;
  std::vector<int> runnable_;  // waves with a lane that is ready
  std::vector<SharedArray> arrays_;
  size_t shared_bytes_ = 0;
  const Launch* launch_ = nullptr;
  Grid block_;
  int thread_ = 0, left_ = 0;  // left_: threads that have not ended
  uint64_t epoch_ = 1, first_epoch_ = 1;
  bool quit_ = false, abandoning_ = false;
  std::string fault_;
};

}  // namespace lt::gpu::face
