// A whole forward pass of one sequence without the engine, for checks of models and of Ops' interpreters.
#pragma once
#include <algorithm>
#include <numeric>
#include <vector>

#include "check/sequence_memory.h"
#include "core/sizing.h"

namespace lt::check {

struct AdapterShare {
  int32_t id;
  float scale;
};
// Of so many that were loaded, those that a sequence has.
struct Adapted {
  int64_t loaded = 0;
  std::vector<AdapterShare> adapters = {};
};

// The rows of a whole sequence that begins here: every result is wanted, the state after the last row is kept. encoded: of a decoder's, so
// many tokens of a text that was encoded lie in the pages before its own.
struct WholeSequence {
  Rows rows;
  Span span;

  WholeSequence(Backend& b, const Shape& s, const std::vector<int32_t>& tokens, int64_t encoded = 0) : span{0, std::ssize(tokens), 0} {
    const int64_t n = span.count;
    std::vector<int32_t> ascending(tokens.size()), turns, keeps(tokens.size(), -1);
    std::iota(ascending.begin(), ascending.end(), 0);
    for (const int32_t p : ascending) turns.insert(turns.end(), static_cast<size_t>(s.axes), p);
    keeps.back() = 0;
    rows.ids = ints(b, tokens, n, 1);
    rows.places = rows.outputs = ints(b, ascending, n, 1);
    rows.turns = ints(b, turns, n, s.axes);
    const bool ahead = s.looks_ahead || (s.encoder > 0 && encoded == 0);
    rows.sees = ahead ? ints(b, std::vector<int32_t>(tokens.size(), static_cast<int32_t>(n) - 1), n, 1) : rows.places;
    if (encoded > 0) {
      rows.across = ints(b, std::vector<int32_t>(tokens.size(), static_cast<int32_t>(encoded) - 1), n, 1);
      rows.across_pages = pages(b, 0, encoded);
    }
    rows.sequences = rows.types = ints(b, std::vector<int32_t>(tokens.size(), 0), n, 1);
    rows.starts = ints(b, {0, static_cast<int32_t>(n)}, 2, 1);
    rows.reads = ints(b, {-1}, 1, 1);
    rows.writes = ints(b, keeps, n, 1);
    rows.pages.fill(pages(b, pages_of(encoded), n));
    rows.spans = std::span(&span, 1);
  }
  // All rows have these adapters, of those that were loaded.
  void adapt(Backend& b, int64_t loaded, const std::vector<AdapterShare>& adapters, int64_t vocabulary,
             const std::vector<int32_t>& tokens) {
    const int64_t n = span.count;
    std::vector<int32_t> ids, tokens_of;
    std::vector<float> weights, shares(static_cast<size_t>(loaded * n));
    for (const auto& [id, scale] : adapters)
      for (int64_t r = 0; r < n; r++) {
        ids.push_back(id), weights.push_back(scale);
        tokens_of.push_back(static_cast<int32_t>(id * vocabulary) + tokens[static_cast<size_t>(r)]);
        shares[static_cast<size_t>(id * n + r)] = scale;
      }
    const auto floats = [&](const std::vector<float>& values) {
      const Tensor t = b.alloc(Type::f32, std::ssize(values), 1);
      b.write(t, values.data());
      return t;
    };
    rows.adapted = {.at = rows.places,
                    .ids = ints(b, ids, std::ssize(ids), 1),
                    .weights = floats(weights),
                    .shares = floats(shares),
                    .tokens = ints(b, tokens_of, std::ssize(ids), 1),
                    .among = n};
    rows.adapted_outputs = rows.adapted;
  }
  WholeSequence(const WholeSequence&) = delete;  // rows point to the span
  WholeSequence& operator=(const WholeSequence&) = delete;

  static int64_t pages_of(int64_t tokens) { return (tokens + Kv::page_size - 1) / Kv::page_size; }

 private:
  static Tensor pages(Backend& b, int64_t first, int64_t tokens) {
    std::vector<int32_t> all(static_cast<size_t>(pages_of(tokens)));
    std::iota(all.begin(), all.end(), static_cast<int32_t>(first));
    return ints(b, all, 1, std::ssize(all));
  }
  static Tensor ints(Backend& b, const std::vector<int32_t>& values, int64_t rows, int64_t cols) {
    const Tensor t = b.alloc(Type::i32, rows, cols);
    b.write(t, values.data());
    return t;
  }
};

// Logits of every token, row by row; of a model without a head, or where these are asked for, its hidden rows. `decorated` may wrap the
// backend's ops. decoder: of a model with an encoder, which reads `ids`, the tokens whose rows these are.
inline std::vector<float> forward(const Model& model, Backend& backend, const std::vector<int32_t>& ids, Type cache,
                                  Ops* decorated = nullptr, bool hidden = false, const std::vector<int32_t>& decoder = {},
                                  const Adapted& adapted = {}) {
  const Shape& s = model.shape();
  const std::vector<int32_t>& last = s.encoder > 0 ? decoder : ids;
  const int64_t n = std::ssize(last), rows = std::max(n, std::ssize(ids)), encoded = s.encoder > 0 ? std::ssize(ids) : 0;
  backend.reserve(measure(model, rows, n, adapted.loaded).needs());
  Ops& ops = decorated ? *decorated : backend.ops();
  const SequenceMemory memory(backend, model, WholeSequence::pages_of(encoded) + WholeSequence::pages_of(n), cache);
  const Tensor all = backend.alloc(Type::f32, rows, s.carried), h = backend.alloc(Type::f32, n, s.width);
  const auto run = [&](const WholeSequence& sequence) {
    const Tensor x = all.slice(0, sequence.span.count);
    model.embed(ops, x, sequence.rows);
    for (int64_t i = 0; i < s.count(); i++) model.layer(ops, i, x, memory.all(), sequence.rows);
    return x;
  };
  const auto adapt = [&](WholeSequence& sequence, const std::vector<int32_t>& tokens) {
    if (!adapted.adapters.empty()) sequence.adapt(backend, adapted.loaded, adapted.adapters, s.vocabulary, tokens);
  };
  if (s.encoder > 0) {
    WholeSequence text(backend, s, ids);
    adapt(text, ids);
    run(text);
  }
  WholeSequence sequence(backend, s, last, encoded);
  adapt(sequence, last);
  model.hidden(ops, h, run(sequence), sequence.rows);
  const bool logits = s.head && !hidden;
  const Tensor result = logits ? backend.alloc(Type::f32, n, s.vocabulary) : h;
  if (logits) model.head(ops, result, h, sequence.rows);
  std::vector<float> out(static_cast<size_t>(n * result.cols));
  backend.read(out.data(), result);
  return out;
}

}  // namespace lt::check
