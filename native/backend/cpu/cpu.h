// The CPU backend. Each op cuts its work into tasks that own their outputs, in the file of its name; the arithmetic is in kernels/.
#pragma once
#include <memory>
#include <vector>

#include "backend/cpu/kernels.h"
#include "backend/cpu/memory.h"
#include "core/backend.h"
#include "core/pool.h"

namespace lt::cpu {

// Cosines and sines of the rows of a step, which all layers share.
struct Turns {
  std::vector<int32_t> positions;
  std::vector<float> freqs;
  float magnitude = 0;
  std::vector<float> table;  // (positions, 2 * pairs): cosines, then sines
};

// How the query rows and heads of one span are cut. Which cut is taken never shows in the bits.
struct AttendCut {
  const Span* span;
  int64_t first_position, splits;  // splits of attend_split positions that the span sees
  int64_t heads, head_tiles;       // query heads of a tile, and tiles of a KV head's group
  int64_t rows, row_tiles;
  bool parallel;    // splits are tasks of their own, as far as reserve was told of partial results
  int64_t partial;  // where their results begin (floats)
  int64_t end;      // tasks up to here
};

class Cpu final : public Backend, public Ops {
 public:
  explicit Cpu(const BackendOptions& options);

  std::string description() const override;
  int threads() const override { return pool_.threads(); }
  bool on_host() const override { return true; }
  Ops& ops() override { return *this; }
  std::unique_ptr<Plan> record(std::function<void(Ops&)> forward) override;
  Tensor place(Tensor host) override { return host; }  // read where it lies
  Tensor alloc(Type type, int64_t rows, int64_t cols) override;
  void write(Tensor to, const void* from) override;
  void read(void* to, Tensor from) override;
  size_t reserve(const Needs& needs) override;

  Scratch& scratch() override { return scratch_; }
  using Ops::matmul;
  void gather(Tensor y, Tensor table, Tensor ids) override;
  void matmul(Tensor x, std::span<const Product> products) override;
  void rms_norm(Tensor y, Tensor x, Tensor w, float eps, int64_t heads) override;
  void rope(Tensor x, Tensor positions, const Rope& rope) override;
  void store_kv(const Kv& kv, Tensor k, Tensor v, const Rows& rows) override;
  void attend(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& attend) override;
  void add(Tensor y, Tensor a, Tensor b) override;
  void gate(Tensor y, Tensor g, Tensor u, Act act) override;

 private:
  // f(row) for every row; small work stays on the calling thread.
  template <class F>
  void each_row(int64_t rows, int64_t cols, F f) {
    constexpr int64_t grain = 8192;  // values a task should have
    const int64_t step = cols >= grain ? 1 : grain / (cols + 1) + 1, tasks = (rows + step - 1) / step;
    pool_.run(tasks, [&](int64_t t, int) {
      for (int64_t r = t * step; r < rows && r < (t + 1) * step; r++) f(r);
    });
  }

  void attend_spans(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& attend, std::span<const Span> spans);
  uint8_t* panel(int thread) const { return panels_.data() + static_cast<size_t>(thread) * panel_bytes; }
  const void* input_as(Tensor x, Format format);
  const float* turns(Tensor positions, const Rope& rope);

  const Kernels& kernels_;
  Pool pool_;
  Memory panels_;
  const MatmulKernel* by_type_[256] = {};
  std::vector<Memory> allocated_;
  Memory scratch_memory_;
  Scratch scratch_;
  Memory prepared_[3];  // by Format
  Memory partials_;     // of attend's splits
  Turns turns_[2];      // as many as a model has kinds of layers
  int turns_next_ = 0;  // the one to be overwritten
};

}  // namespace lt::cpu
