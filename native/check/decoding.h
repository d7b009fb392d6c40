// One sequence, a token a step, in tensors that keep their addresses: for checks of recorded passes.
#pragma once
#include <vector>

#include "check/sequence_memory.h"
#include "core/sizing.h"

namespace lt::check {

class Decoding {
 public:
  Decoding(Backend& b, const Model& m, int64_t pages) : backend_(b), model_(m), memory_(b, m, pages, Type::f16) {
    const Shape& s = m.shape();
    b.reserve(measure(m, 1, 1).needs());
    x_ = b.alloc(Type::f32, 1, s.carried);
    h_ = b.alloc(Type::f32, 1, s.width);
    logits_ = b.alloc(Type::f32, 1, s.vocabulary);
    for (Tensor* t : {&rows_.ids, &rows_.places, &rows_.sees, &rows_.sequences, &rows_.reads, &rows_.writes, &rows_.outputs})
      *t = b.alloc(Type::i32, 1, 1);
    rows_.turns = b.alloc(Type::i32, 1, s.axes);
    rows_.starts = b.alloc(Type::i32, 2, 1);
    rows_.pages.fill(b.alloc(Type::i32, 1, pages));
    rows_.spans = std::span(&span_, 1);
    const int32_t starts[] = {0, 1};
    b.write(rows_.starts, starts);
  }
  Decoding(const Decoding&) = delete;  // rows point to the span
  Decoding& operator=(const Decoding&) = delete;

  // A place of zero begins the sequence.
  void set(int32_t id, int32_t place, const std::vector<int32_t>& table) {
    const int32_t from = place > 0 ? 0 : -1;
    backend_.write(rows_.ids, &id);
    backend_.write(rows_.reads, &from);
    backend_.write(rows_.pages[0], table.data());
    for (const Tensor& t : {rows_.places, rows_.sees}) backend_.write(t, &place);
    backend_.write(rows_.turns, std::vector<int32_t>(static_cast<size_t>(rows_.turns.cols), place).data());
  }
  void forward(Ops& ops) const {
    model_.embed(ops, x_, rows_);
    for (int64_t i = 0; i < model_.shape().count(); i++) model_.layer(ops, i, x_, memory_.all(), rows_);
    model_.hidden(ops, h_, x_, rows_);
    model_.head(ops, logits_, h_, rows_);
  }
  std::vector<float> read() const {
    std::vector<float> out(static_cast<size_t>(logits_.cols));
    backend_.read(out.data(), logits_);
    return out;
  }

 private:
  Backend& backend_;
  const Model& model_;
  SequenceMemory memory_;
  Rows rows_;
  Tensor x_, h_, logits_;
  Span span_{0, 1, 0};
};

}  // namespace lt::check
