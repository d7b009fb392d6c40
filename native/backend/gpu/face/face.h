// The face of gpu.h that runs kernels on the CPU, for tests: the device's meaning, checked (blocks.h, shared.h, memory.h). A stream
// does its work when somebody waits for it, so that nothing rests on work being done sooner.
#pragma once
#include <cstring>
#include <deque>
#include <functional>

namespace lt::gpu::LT_GPU {

constexpr const char* backend_name = "gpu-face";
constexpr bool for_tests = true;

Survey survey();
std::vector<std::string> variants();  // wave sizes
inline void use(int) {}
inline void use_quietly(int) noexcept {}
void* allocate(size_t bytes);  // null: the device has not that much
void release(void* p) noexcept;
void* allocate_pinned(size_t bytes);
void release_pinned(void* p) noexcept;
uint64_t free_bytes();             // 0: the device does not say
constexpr size_t block_bytes = 0;  // of device memory taken at once for small tensors; 0: each is a piece of its own

class Blocks;
using Work = std::function<void()>;

class Stream;
class Graph {
 public:
  void launch(Stream& on);

 private:
  friend Stream;
  std::vector<Work> work_;
};

class Stream {
 public:
  explicit Stream(const std::string& variant);
  ~Stream();
  void add(Work work);
  void zero(void* to, size_t bytes);
  void to_device(void* to, const void* pinned, size_t bytes);
  void to_host(void* to, const void* from, size_t bytes);
  void wait() { wait_for(added_); }
  // What is added until end() goes into the graph and is not done.
  void begin();
  Graph end();
  void cancel() noexcept { recording_.reset(); }

  Blocks& blocks() { return *blocks_; }
  uint64_t added() const { return added_; }
  void wait_for(uint64_t count);  // until that many pieces of work are done

 private:
  std::deque<Work> queue_;
  uint64_t added_ = 0, done_ = 0;
  std::unique_ptr<std::vector<Work>> recording_;
  std::unique_ptr<Blocks> blocks_;
};

inline void Graph::launch(Stream& on) {
  for (const Work& w : work_) on.add(w);
}

class Event {
 public:
  void record(Stream& s) { stream_ = &s, count_ = s.added(); }
  void wait() {
    if (stream_) stream_->wait_for(count_);
  }

 private:
  Stream* stream_ = nullptr;
  uint64_t count_ = 0;
};

}  // namespace lt::gpu::LT_GPU

#include "backend/gpu/face/blocks.h"
#include "backend/gpu/face/shared.h"

#define LT_KERNEL(threads) static void
#define LT_DEVICE inline
#define LT_SHARED(T, name, count)   \
  static const char name##_key = 0; \
  const ::lt::gpu::face::SharedPtr<T> name = ::lt::gpu::face::shared<T>(&name##_key, #name, count)
#define LT_SHARED_DYNAMIC(T, name) const ::lt::gpu::face::SharedPtr<T> name = ::lt::gpu::face::shared_dynamic<T>(#name)

namespace lt::gpu::LT_GPU {

inline int thread() { return Blocks::here().thread(); }
inline int threads() { return Blocks::here().launch().threads; }
inline int64_t block_x() { return Blocks::here().block().x; }
inline int64_t block_y() { return Blocks::here().block().y; }
inline int64_t block_z() { return Blocks::here().block().z; }
inline void sync(int line = __builtin_LINE()) { Blocks::here().sync(line); }
inline float shuffle_xor(float x, int mask, int line = __builtin_LINE()) {
  return quant::float_of_bits(Blocks::here().exchange(quant::bits_of_float(x), mask, line));
}
// All threads of a block are fibers of one thread, and blocks run one after another.
inline int atomic_add(int* to, int x) {
  const int before = *to;
  *to += x;
  return before;
}

template <class Args>
void launch(Stream& stream, const char* name, void (*kernel)(Args), Grid grid, int threads, size_t shared,
            const std::type_identity_t<Args>& args) {
  struct Call {
    void (*kernel)(Args);
    Args args;
    static void run(const void* call) {
      const auto* c = static_cast<const Call*>(call);
      c->kernel(c->args);
    }
  };
  check_grid(name, grid);
  check_shared(name, shared);
  stream.add([&blocks = stream.blocks(), name, grid, threads, shared, call = Call{kernel, args}] {
    blocks.run({name, grid, threads, shared, Call::run, &call});
  });
}

}  // namespace lt::gpu::LT_GPU
