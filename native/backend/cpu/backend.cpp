#include <algorithm>
#include <cstring>

#include "backend/cpu/cpu.h"
#include "backend/cpu/isa.h"
#include "core/cores.h"
#include "quant/type.h"
#include "simd/isa.h"

namespace lt::cpu {
namespace {

class Recorded final : public Plan {
 public:
  Recorded(Ops& ops, const Threads& threads, std::function<void(Ops&)> forward)
      : ops_(ops), threads_(threads), forward_(std::move(forward)) {}
  void run() override {
    threads_.wake();
    forward_(ops_);
  }

 private:
  Ops& ops_;
  const Threads& threads_;
  std::function<void(Ops&)> forward_;
};

int most_to_try() { return std::min(usable_processors(), Pool::most_threads); }

std::unique_ptr<Backend> open(const BackendOptions& options) { return std::make_unique<Cpu>(options); }

const RegisterBackend registered({.name = "cpu", .open = open, .variants = isas, .rounds_inputs = true, .variants_agree = true});

}  // namespace

Cpu::Cpu(const BackendOptions& options)
    : kernels_(choose_isa(options.isa)),
      measures_(options.threads == measured_threads),
      threads_(measures_ ? most_to_try() : options.threads),
      few_(measures_ ? std::min(usable_cores(), threads_.count()) : threads_.count()),
      many_(few_),
      panels_(panel_bytes * static_cast<size_t>(threads_.count()), "working memory of the threads") {
  for (size_t i = 0; i < kernels_.matmuls; i++) by_type_[kernels_.matmul[i]->type] = kernels_.matmul[i];
  if (kernels_.matmul_bf16_dot && simd::dots_bf16()) by_type_[kernels_.matmul_bf16_dot->type] = kernels_.matmul_bf16_dot;
  for (size_t i = 0; kernels_.matmul_books && simd::permutes_bytes() && i < book_types; i++)
    by_type_[kernels_.matmul_books[i].type] = &kernels_.matmul_books[i];
  for (size_t i = 0; kernels_.matmul_amx && simd::multiplies_tiles() && i < amx_types; i++)
    by_type_[kernels_.matmul_amx[i].type] = &kernels_.matmul_amx[i];
}

std::string Cpu::description() const {
  const auto count = [](int n) { return std::to_string(n) + (n == 1 ? " thread" : " threads"); };
  return "cpu " + std::string(kernels_.isa) + ", " + count(many_) + (few_ == many_ ? "" : ", " + std::to_string(few_) + " to decode");
}

std::unique_ptr<Plan> Cpu::record(std::function<void(Ops&)> forward) {
  return std::make_unique<Recorded>(*this, threads_, std::move(forward));
}

Tensor Cpu::alloc(Type type, int64_t rows, int64_t cols) {
  const int64_t stride = type == Type::i32 ? cols * 4 : quant::row_bytes(type, cols);
  allocated_.emplace_back(static_cast<size_t>(rows * stride), "memory of a tensor");
  return {allocated_.back().data(), type, rows, cols, stride};
}

void Cpu::write(Tensor to, const void* from) { std::memcpy(to.data, from, static_cast<size_t>(to.rows * to.stride)); }
void Cpu::read(void* to, Tensor from) { std::memcpy(to, from.data, static_cast<size_t>(from.rows * from.stride)); }

size_t Cpu::reserve(const Needs& needs) {
  if (needs.scratch > scratch_memory_.bytes()) {
    scratch_memory_ = Memory(needs.scratch, "working memory of a forward pass");
    scratch_ = Scratch(scratch_memory_.data(), scratch_memory_.bytes());
  }
  const auto partials = threads_.count() > 1 ? static_cast<size_t>(needs.partials * partial_floats(needs.partial_dim)) * sizeof(float) : 0;
  if (partials > partials_.bytes()) partials_ = Memory(partials, "partial sums of attention");
  size_t bytes = scratch_memory_.bytes() + panels_.bytes() + partials_.bytes();
  chosen_.reserve(needs.chosen, needs.choices);
  const int64_t cols = 256, rows = static_cast<int64_t>(needs.matmul_input / (cols * 4)) + 1;
  const int64_t chosen_cols = (needs.chosen_cols + cols - 1) / cols * cols;
  bool wanted[formats] = {};
  for (size_t type = 0; type < std::size(by_type_); type++)
    if (const MatmulKernel* k = by_type_[type]; k && (needs.matrix_types >> type & 1)) wanted[static_cast<int>(k->format)] = true;
  for (int f = 0; f < formats; f++) {
    if (!wanted[f] || f == static_cast<int>(Format::f32)) continue;  // f32 is read where it lies, almost always
    const Prepare& p = *kernels_.prepare[f];
    prepared(static_cast<Format>(f), std::max(p.bytes(rows, cols), static_cast<size_t>(needs.chosen * prepared_row_bytes(p, chosen_cols))));
    bytes += prepared_[f].bytes();
  }
  return bytes;
}

}  // namespace lt::cpu
