// What every architecture's file reads first, and the norms of its rows.
#pragma once
#include <string>

#include "core/ops.h"
#include "model/loader.h"

namespace lt::model {

// Bounds far above any model, so that products of them stay within 64 bits.
constexpr int64_t most_layers = 4096, most_width = 1 << 20, most_heads = 1 << 14, most_dim = 1 << 14, most_context = int64_t{1} << 30,
                  most_experts = 1 << 16;

struct Hyper {
  int64_t layers = 0;  // without those behind them that draft further tokens, whose tensors are left unread
  int64_t width = 0, vocabulary = 0, context = 0;
  float eps = 0;
  bool centred = false;     // layer norms, else root mean square norms
  bool weightless = false;  // norms have no tensors
};

Hyper read_hyper(Loader& loader, bool centred = false);

// NAME.weight and, if there, NAME.bias; none of them where norms are weightless.
Norm read_norm(Loader& loader, const std::string& name, int64_t cols, const Hyper& hyper);

}  // namespace lt::model
