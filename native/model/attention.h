// Attention with grouped heads: every query head reads the keys and values of its KV head.
#pragma once
#include "model/hyper.h"
#include "model/mixer.h"

namespace lt::model {

enum class NormOf : uint8_t { none, head };

struct AttentionOptions {
  NormOf query_key_norm = NormOf::none;  // before the rotation, by attn_q_norm and attn_k_norm
  bool fused = false;                    // attn_qkv has q, k and v, one below the other
  bool gated = false;                    // attn_q has each head's query and then its gate, whose sigmoid scales the head's result
  bool sinks = false;                    // attn_sinks: one a head
  double scale = 0;                      // of scores; 0: key_dim^-0.5
  int64_t window = 0;                    // places that a row sees, back from its own; 0: all
  int64_t ahead = -1;                    // places behind its own; -1: as Rows::sees says
  Rope rope = {};                        // its heads are the caller's
  Tensor offsets = {};                   // of scores by distance, of all heads (Attend)
};

// Heads of a layer as the file says.
struct Heads {
  int64_t query = 0, kv = 0, key_dim = 0, value_dim = 0;
};
Heads read_heads(const Loader& loader, int64_t layer, const Hyper& hyper);

// Columns of a head that are rotated, as the file says.
int64_t read_rotary(const Loader& loader, int64_t key_dim);

Mixing read_attention(Loader& loader, int64_t layer, const Hyper& hyper, const AttentionOptions& options);

}  // namespace lt::model
