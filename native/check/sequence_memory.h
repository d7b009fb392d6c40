// What a model keeps of one sequence, in a backend's memory: for checks that run a model without the engine.
#pragma once
#include <vector>

#include "core/backend.h"
#include "core/model.h"

namespace lt::check {

struct SequenceMemory {
  std::vector<Kv> kv;
  std::vector<Tensor> states;  // a slot each

  SequenceMemory(Backend& b, const Model& model, int64_t pages, Type cache) {
    const Shape& s = model.shape();
    const Groups groups = groups_of(s);
    for (int64_t i = 0; i < s.count(); i++) {
      const LayerShape& l = s.layer(i);
      states.push_back(l.state ? b.alloc(Type::f32, 1, l.state) : Tensor{});
      kv.push_back(l.kv ? keys(b, *l.kv, pages, cache) : l.kv_of >= 0 ? kv[static_cast<size_t>(l.kv_of)] : Kv{});
      kv.back().group = groups.of_layer[static_cast<size_t>(i)];
    }
  }
  Memory all() const { return {kv, states}; }

 private:
  static Kv keys(Backend& b, const KvShape& shape, int64_t pages, Type cache) {
    const int64_t slots = pages * shape.heads * Kv::page_size;
    const Tensor k = b.alloc(cache, slots, shape.key_dim);
    return {k, shape.latent ? k.columns(0, shape.value_dim) : b.alloc(cache, slots, shape.value_dim), shape.heads};
  }
};

}  // namespace lt::check
