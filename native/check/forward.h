// A whole forward pass of one sequence without the engine, for checks of models and of Ops' interpreters.
#pragma once
#include <numeric>
#include <vector>

#include "core/backend.h"
#include "core/model.h"
#include "core/sizing.h"

namespace lt::check {

// Logits of every token, row by row. `decorate` may wrap the backend's ops.
inline std::vector<float> forward(const Model& model, Backend& backend, const std::vector<int32_t>& ids, Type cache,
                                  Ops* decorated = nullptr) {
  const auto n = static_cast<int64_t>(ids.size());
  const Shape& s = model.shape();
  backend.reserve(measure(model, n, n).needs());
  Ops& ops = decorated ? *decorated : backend.ops();
  const auto ints = [&](const std::vector<int32_t>& values) {
    const Tensor t = backend.alloc(Type::i32, static_cast<int64_t>(values.size()), 1);
    backend.write(t, values.data());
    return t;
  };
  std::vector<int32_t> ascending(ids.size());
  std::iota(ascending.begin(), ascending.end(), 0);
  const int64_t pages = (n + Kv::page_size - 1) / Kv::page_size;
  Tensor table = ints(std::vector<int32_t>(ascending.begin(), ascending.begin() + pages));
  table = {table.data, Type::i32, 1, pages, pages * 4};
  const Span all{0, n, 0};
  const Rows rows{ints(ids), ints(ascending), ints(std::vector<int32_t>(ids.size(), 0)), table, ints(ascending), std::span(&all, 1)};
  const Tensor x = backend.alloc(Type::f32, n, s.width), logits = backend.alloc(Type::f32, n, s.vocabulary);
  model.embed(ops, x, rows);
  for (int64_t i = 0; i < s.layers; i++) {
    const int64_t slots = pages * s.kv_heads * Kv::page_size;
    const Kv kv{backend.alloc(cache, slots, s.key_dim), backend.alloc(cache, slots, s.value_dim), s.kv_heads};
    model.layer(ops, i, x, kv, rows);
  }
  model.head(ops, logits, x, rows);
  std::vector<float> out(static_cast<size_t>(n * s.vocabulary));
  backend.read(out.data(), logits);
  return out;
}

}  // namespace lt::check
