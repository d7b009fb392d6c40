// What gpu_cuda.h and gpu_hip.h share: their functions have the same names after "cuda" and "hip" (LT_RT, LT_RT_NAME).
#pragma once

namespace lt::gpu::LT_GPU {

using Status = LT_RT_NAME(Error_t);
constexpr bool for_tests = false;
constexpr size_t block_bytes = 64 << 20;  // of device memory taken at once for small tensors

void check(Status status, const char* what);  // throws Code::device, Code::memory
Survey survey();
inline std::vector<std::string> variants() { return {}; }
void use(int device);  // by the calling thread
void use_quietly(int device) noexcept;
void* allocate(size_t bytes);  // null: the device has not that much
void release(void* p) noexcept;
void* allocate_pinned(size_t bytes);
void release_pinned(void* p) noexcept;
uint64_t free_bytes();

class Stream;
class Graph {
 public:
  explicit Graph(LT_RT_NAME(GraphExec_t) handle) : handle_(handle) {}
  Graph(Graph&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Graph& operator=(Graph&&) = delete;
  ~Graph();
  void launch(Stream& on);

 private:
  LT_RT_NAME(GraphExec_t) handle_;
};

class Stream {
 public:
  explicit Stream(const std::string& variant);
  ~Stream();
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  void zero(void* to, size_t bytes);
  void to_device(void* to, const void* pinned, size_t bytes);
  void to_host(void* to, const void* from, size_t bytes);
  void wait();
  // What is added until end() goes into the graph and is not done.
  void begin();
  Graph end();
  void cancel() noexcept;
  LT_RT_NAME(Stream_t) handle() const { return handle_; }

 private:
  LT_RT_NAME(Stream_t) handle_ = nullptr;
};

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event();
  void record(Stream& stream);
  void wait();

 private:
  LT_RT_NAME(Event_t) handle_ = nullptr;
};

}  // namespace lt::gpu::LT_GPU

#if defined(__CUDACC__) || defined(__HIPCC__)
#define LT_KERNEL(threads) static __global__ void __launch_bounds__(threads)
#define LT_DEVICE __device__ __forceinline__
#define LT_SHARED(T, name, count) __shared__ T name[count]
#define LT_SHARED_DYNAMIC(T, name)                          \
  alignas(16) extern __shared__ unsigned char lt_dynamic[]; \
  T* const name = reinterpret_cast<T*>(lt_dynamic)

namespace lt::gpu::LT_GPU {

template <class T>
using SharedPtr = T*;

__device__ inline int thread() { return static_cast<int>(threadIdx.x); }
__device__ inline int threads() { return static_cast<int>(blockDim.x); }
__device__ inline int64_t block_x() { return blockIdx.x; }
__device__ inline int64_t block_y() { return blockIdx.y; }
__device__ inline int64_t block_z() { return blockIdx.z; }
__device__ inline void sync() { __syncthreads(); }
__device__ inline int atomic_add(int* to, int x) { return atomicAdd(to, x); }

template <class Args>
void launch(Stream& stream, const char* name, void (*kernel)(Args), Grid grid, int threads, size_t shared,
            const std::type_identity_t<Args>& args) {
  check_grid(name, grid);
  check_shared(name, shared);
  void* list[] = {const_cast<Args*>(&args)};
  const dim3 blocks(static_cast<unsigned>(grid.x), static_cast<unsigned>(grid.y), static_cast<unsigned>(grid.z));
  check(LT_RT(LaunchKernel)(reinterpret_cast<const void*>(kernel), blocks, dim3(static_cast<unsigned>(threads)), list, shared,
                            stream.handle()),
        name);
}

}  // namespace lt::gpu::LT_GPU
#endif
