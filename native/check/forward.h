// A whole forward pass of one sequence without the engine, for checks of models and of Ops' interpreters.
#pragma once
#include <numeric>
#include <vector>

#include "check/sequence_memory.h"
#include "core/sizing.h"

namespace lt::check {

// The rows of a whole sequence that begins here: every result is wanted, the state after the last row is kept.
struct WholeSequence {
  Rows rows;
  Span span;

  WholeSequence(Backend& b, const Shape& s, const std::vector<int32_t>& tokens) : span{0, std::ssize(tokens), 0} {
    const int64_t n = span.count, pages = (n + Kv::page_size - 1) / Kv::page_size;
    std::vector<int32_t> ascending(tokens.size()), turns, keeps(tokens.size(), -1);
    std::iota(ascending.begin(), ascending.end(), 0);
    for (const int32_t p : ascending) turns.insert(turns.end(), static_cast<size_t>(s.axes), p);
    keeps.back() = 0;
    rows.ids = ints(b, tokens, n, 1);
    rows.places = rows.outputs = ints(b, ascending, n, 1);
    rows.turns = ints(b, turns, n, s.axes);
    rows.sees = s.looks_ahead ? ints(b, std::vector<int32_t>(tokens.size(), static_cast<int32_t>(n) - 1), n, 1) : rows.places;
    rows.sequences = ints(b, std::vector<int32_t>(tokens.size(), 0), n, 1);
    rows.starts = ints(b, {0, static_cast<int32_t>(n)}, 2, 1);
    rows.reads = ints(b, {-1}, 1, 1);
    rows.writes = ints(b, keeps, n, 1);
    rows.pages.fill(ints(b, {ascending.begin(), ascending.begin() + pages}, 1, pages));
    rows.spans = std::span(&span, 1);
  }
  WholeSequence(const WholeSequence&) = delete;  // rows point to the span
  WholeSequence& operator=(const WholeSequence&) = delete;

 private:
  static Tensor ints(Backend& b, const std::vector<int32_t>& values, int64_t rows, int64_t cols) {
    const Tensor t = b.alloc(Type::i32, rows, cols);
    b.write(t, values.data());
    return t;
  }
};

// Logits of every token, row by row; of a model without a head, or where these are asked for, its hidden rows. `decorated` may wrap the
// backend's ops.
inline std::vector<float> forward(const Model& model, Backend& backend, const std::vector<int32_t>& ids, Type cache,
                                  Ops* decorated = nullptr, bool hidden = false) {
  const auto n = static_cast<int64_t>(ids.size());
  const Shape& s = model.shape();
  backend.reserve(measure(model, n, n).needs());
  Ops& ops = decorated ? *decorated : backend.ops();
  const WholeSequence sequence(backend, s, ids);
  const SequenceMemory memory(backend, model, (n + Kv::page_size - 1) / Kv::page_size, cache);
  const Tensor x = backend.alloc(Type::f32, n, s.carried), h = backend.alloc(Type::f32, n, s.width);
  model.embed(ops, x, sequence.rows);
  for (int64_t i = 0; i < s.count(); i++) model.layer(ops, i, x, memory.all(), sequence.rows);
  model.hidden(ops, h, x, sequence.rows);
  const bool logits = s.head && !hidden;
  const Tensor result = logits ? backend.alloc(Type::f32, n, s.vocabulary) : h;
  if (logits) model.head(ops, result, h, sequence.rows);
  std::vector<float> out(static_cast<size_t>(n * result.cols));
  backend.read(out.data(), result);
  return out;
}

}  // namespace lt::check
