#include "core/sizing.h"

namespace lt {

Sizing measure(const Model& model, int64_t rows, int64_t outputs, int64_t adapters) {
  const Shape& s = model.shape();
  const Groups groups = groups_of(s);
  Sizing ops;
  static char never_read, nor_this;
  const auto tensor = [](Type type, int64_t r, int64_t c) { return Tensor{&never_read, type, r, c, c * 4}; };
  const Tensor list = tensor(Type::i32, rows, 1);
  Rows batch{.ids = list,
             .places = list,
             .turns = tensor(Type::i32, rows, s.axes),
             .sees = list,
             .types = list,
             .sequences = list,
             .starts = tensor(Type::i32, rows + 1, 1),
             .reads = list,
             .writes = list,
             .outputs = tensor(Type::i32, outputs, 1),
             .given_at = {},
             .given = {},
             .pages = {},
             .spans = {}};
  for (size_t g = 0; g < groups.reach.size(); g++) batch.pages[g] = tensor(Type::i32, rows, 1);
  if (s.encoder > 0) batch.across = batch.across_pages = list;
  // Of so many rows; where some are without, the others are gathered.
  const auto adapted = [&](int64_t n, int64_t among) -> AdaptedRows {
    if (adapters == 0 || n < 1) return {};
    const Tensor ids = tensor(Type::i32, adapters * n, 1), weights = tensor(Type::f32, adapters * n, 1);
    return {tensor(Type::i32, n, 1), ids, weights, weights, ids, among};
  };
  std::vector<Kv> kv;
  std::vector<Tensor> states;
  for (int64_t i = 0; i < s.count(); i++) {
    const LayerShape& l = s.layer(i);
    states.push_back(l.state ? tensor(Type::f32, 1, l.state) : Tensor{});
    const int64_t owner = l.kv ? i : l.kv_of;
    if (owner < 0) {
      kv.emplace_back();
      continue;
    }
    const KvShape& k = *s.layer(owner).kv;
    kv.push_back({tensor(Type::f32, Kv::page_size, k.key_dim), tensor(Type::f32, Kv::page_size, k.value_dim), k.heads,
                  groups.of_layer[static_cast<size_t>(i)]});
    if (!k.latent) kv.back().v.data = &nor_this;
  }
  const Tensor x = tensor(Type::f32, rows, s.carried), h = tensor(Type::f32, outputs, s.width);
  const auto pass = [&](int64_t without) {
    batch.adapted = adapted(rows - without, rows), batch.adapted_outputs = adapted(outputs - without, outputs);
    model.embed(ops, x, batch);
    for (int64_t i = 0; i < s.count(); i++) model.layer(ops, i, x, {kv, states}, batch);
    if (outputs) model.hidden(ops, h, x, batch);
    if (outputs && s.head) model.head(ops, tensor(Type::f32, outputs, s.vocabulary), h, batch);
  };
  if (adapters > 0) pass(1);
  pass(0);
  if (s.encoder > 0) {  // a step of another kind
    batch.across = batch.across_pages = {};
    for (int64_t i = 0; i < s.count(); i++) model.layer(ops, i, x, {kv, states}, batch);
  }
  return ops;
}

}  // namespace lt
