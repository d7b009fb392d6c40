#include "core/sizing.h"

namespace lt {

Sizing measure(const Model& model, int64_t rows, int64_t outputs) {
  const Shape& s = model.shape();
  Sizing ops;
  static char never_read;
  const auto tensor = [](Type type, int64_t r, int64_t c) { return Tensor{&never_read, type, r, c, c * 4}; };
  const Rows batch{.ids = tensor(Type::i32, rows, 1),
                   .positions = tensor(Type::i32, rows, 1),
                   .sequences = tensor(Type::i32, rows, 1),
                   .pages = tensor(Type::i32, 1, 1),
                   .outputs = tensor(Type::i32, outputs, 1),
                   .spans = {}};
  const Kv kv{tensor(Type::f32, Kv::page_size, s.key_dim), tensor(Type::f32, Kv::page_size, s.value_dim), s.kv_heads};
  const Tensor x = tensor(Type::f32, rows, s.width);
  model.embed(ops, x, batch);
  for (int64_t i = 0; i < s.layers; i++) model.layer(ops, i, x, kv, batch);
  if (outputs) model.head(ops, tensor(Type::f32, outputs, s.vocabulary), x, batch);
  return ops;
}

}  // namespace lt
