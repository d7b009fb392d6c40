// The backend and its ops; each op is in the file of its name in kernels/, beside its kernel.
#pragma once
#include "backend/gpu/gpu.h"
#include "backend/gpu/kernels/weights.h"
#include "backend/gpu/memory.h"
#include "backend/gpu/staging.h"

namespace lt::gpu::LT_GPU {

class Gpu final : public Backend, public Ops {
 public:
  explicit Gpu(const BackendOptions& options);
  ~Gpu() override;

  std::string description() const override { return description_; }
  Ops& ops() override { return *this; }
  bool records() const override { return true; }  // a launch of a graph, not of each of a pass's kernels
  std::unique_ptr<Plan> record(std::function<void(Ops&)> forward) override;
  void prepare(const std::function<void(Ops&)>& pass) override;
  std::optional<uint64_t> free_memory() const override;
  Tensor place(Tensor host) override;
  Tensor alloc(Type type, int64_t rows, int64_t cols) override;
  void write(Tensor to, const void* from) override;
  void read(void* to, Tensor from) override;
  size_t reserve(const Needs& needs) override;

  Scratch& scratch() override { return scratch_; }
  using Ops::matmul;
  LT_PRIMITIVES(LT_OVERRIDE)

  void run(Graph& graph);

 private:
  void probe();
  void grow(std::shared_ptr<DeviceMemory>& memory, size_t bytes);
  Stream& on();  // the stream, with the device made the calling thread's
  MatmulArgs multiply(Tensor x, const Product& p, const Choice& choice, const MatmulArgs& before);

  int device_;
  bool preparing_ = false;  // what is called is recorded, and the recording dropped
  std::string description_;
  Stream stream_;
  Arena arena_;
  Staging staging_;
  Scratch scratch_;
  // Shared with the plans that were recorded in them.
  std::shared_ptr<DeviceMemory> scratch_memory_, partials_, lists_;  // partials_: of attend; lists_: of products with a choice
};

}  // namespace lt::gpu::LT_GPU
