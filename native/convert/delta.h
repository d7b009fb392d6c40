// Qwen3-Next and Qwen3.5: layers of a gated delta rule, a recurrence with a matrix a head as its state, and some of gated attention.
#pragma once
#include "convert/decoder.h"

namespace lt::convert {

// All keys of a dense one. Throws Code::unsupported for what is not run.
void describe_delta(const Config& config, Description& to);

// In which order GGUF has the heads of values, their channels in the convolution behind those of queries and keys, and their columns.
struct DeltaOrders {
  Order heads = nullptr, channels = nullptr, columns = nullptr;
};

// Everything but the feed-forward and what makes queries, keys and values.
Rules delta_rules(const DeltaOrders& orders = {});

}  // namespace lt::convert
