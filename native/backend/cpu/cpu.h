// The CPU backend. Each op cuts its work into tasks that own their outputs, in the file of its name; the arithmetic is in kernels/.
#pragma once
#include <memory>
#include <type_traits>
#include <vector>

#include "backend/cpu/kernels.h"
#include "backend/cpu/memory.h"
#include "core/backend.h"
#include "core/pool.h"
#include "core/thread_choice.h"

namespace lt::cpu {

// Cosines and sines of the rows of a step, which all layers share.
struct Turns {
  std::vector<int32_t> turns, axes;
  std::vector<float> freqs;
  float magnitude = 0;
  std::vector<float> table;  // (rows, 2 * pairs): cosines, then sines
};

// How the query rows and heads of one span are cut. Which cut is taken never shows in the bits.
struct AttendCut {
  const Span* span;
  int64_t first_place;
  int64_t first_split, splits;  // splits of attend_split places that the span sees
  int64_t heads, head_tiles;    // query heads of a tile, and tiles of a KV head's group
  int64_t rows, row_tiles;
  bool parallel;    // splits are tasks of their own, as far as reserve was told of partial results
  int64_t partial;  // where their results begin (floats)
  int64_t end;      // tasks up to here
};

// Rows of a product's input that meet the same matrix.
struct Group {
  int64_t matrix, first, count;  // rows [first, first + count) in order of matrices
};

// The rows of a product of many matrices, sorted by matrix. Its memory is kept from one to the next.
struct Chosen {
  std::vector<int32_t> order;   // rows of y, ascending within a matrix; from `chosen` on, those without a matrix
  std::vector<int32_t> firsts;  // by matrix: the place of its next row
  std::vector<Group> groups;    // of matrices that have rows
  int64_t chosen = 0;

  void reserve(int64_t rows, int64_t matrices);
};

// The most that a prepared row takes, whatever the number of those beside it, as whole cache lines.
int64_t prepared_row_bytes(const Prepare& prepare, int64_t cols);

class Cpu final : public Backend, public Ops, public ChoosesThreads {
 public:
  explicit Cpu(const BackendOptions& options);

  std::string description() const override;
  int threads() const override { return many_; }
  int decode_threads() const override { return few_; }
  void choose_threads() override;
  bool on_host() const override { return true; }
  Ops& ops() override { return *this; }
  std::unique_ptr<Plan> record(std::function<void(Ops&)> forward) override;
  Tensor place(Tensor host) override;
  Tensor alloc(Type type, int64_t rows, int64_t cols) override;
  void write(Tensor to, const void* from) override;
  void read(void* to, Tensor from) override;
  size_t reserve(const Needs& needs) override;

  Scratch& scratch() override { return scratch_; }
  using Ops::matmul;
  LT_PRIMITIVES(LT_OVERRIDE)

 private:
  // f(task, thread) for every task of an op on so many rows.
  int threads_for(int64_t rows) const { return rows <= few_rows ? few_ : many_; }
  template <class F>
  void run(int64_t rows, int64_t tasks, F&& f) const {
    threads_.run(threads_for(rows), tasks, std::forward<F>(f));
  }

  // f(row), or f(row, thread), for every row; small work stays on the calling thread.
  template <class F>
  void each_row(int64_t rows, int64_t cols, F f) {
    constexpr int64_t grain = 8192;  // values a task should have
    const int64_t step = cols >= grain ? 1 : grain / (cols + 1) + 1, tasks = (rows + step - 1) / step;
    run(rows, tasks, [&](int64_t t, int thread) {
      for (int64_t r = t * step; r < rows && r < (t + 1) * step; r++) {
        if constexpr (std::is_invocable_v<F, int64_t, int>)
          f(r, thread);
        else
          f(r);
      }
    });
  }

  // f(span, part, thread) for every part of every span's work that keeps a state.
  template <class F>
  void each_part(const Rows& rows, int64_t parts, F f) {
    run(rows.ids.rows, std::ssize(rows.spans) * parts, [&](int64_t t, int thread) {
      const Span& span = rows.spans[static_cast<size_t>(t / parts)];
      if (span.count > 0) f(span, t % parts, thread);
    });
  }

  void attend_spans(Tensor y, Tensor q, const Kv& kv, const Rows& rows, const Attend& attend, std::span<const Span> spans);
  double rate(int64_t rows, const std::vector<Tensor>& matrices, size_t& next, float* x, float* y);
  int choose(int64_t rows, const std::vector<int>& tried, const std::vector<Tensor>& matrices, float* x, float* y);
  uint8_t* panel(int thread) const { return panels_.data() + static_cast<size_t>(thread) * panel_bytes; }
  const void* input_as(Tensor x, Format format);
  const void* chosen_input_as(Tensor x, int64_t used, Format format, int64_t stride);
  uint8_t* prepared(Format format, size_t bytes);
  void sort(int64_t rows, const Choice& choice, int64_t matrices);
  void clear_unchosen(Tensor y);
  const float* turns(Tensor turns, const Rope& rope);
  void expect_panel(const char* op, int64_t floats) const;
  StatePiece state_of(const State& state, const Rows& rows, const Span& span, int64_t at) const;

  // Steps of more rows compute, those of fewer wait for memory, which fewer threads may read as fast.
  static constexpr int64_t few_rows = 8;

  const Kernels& kernels_;
  const bool measures_;  // how many threads
  Threads threads_;
  int few_, many_;                // threads of ops on few rows, and of others
  std::vector<Tensor> matrices_;  // that were placed, until threads are chosen
  Memory panels_;
  const MatmulKernel* by_type_[256] = {};
  std::vector<Memory> allocated_;
  Memory scratch_memory_;
  Scratch scratch_;
  Memory prepared_[formats];  // by Format
  Memory partials_;           // of attend's splits
  Chosen chosen_;
  Turns turns_[4];      // as many as a model has kinds of layers
  int turns_next_ = 0;  // the one to be overwritten
};

}  // namespace lt::cpu
