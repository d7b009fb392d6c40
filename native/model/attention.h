// Attention with grouped heads: every query head reads the keys and values of its KV head.
#pragma once
#include <optional>

#include "model/hyper.h"
#include "model/mixer.h"

namespace lt::model {

enum class NormOf : uint8_t {
  none,
  head,  // each head, all by the same weights
  each,  // each head by weights of its own
  row,   // all heads together
};

// Heads of a layer.
struct Heads {
  int64_t query = 0, kv = 0, key_dim = 0, value_dim = 0;
};

struct AttentionOptions {
  std::optional<Heads> heads = {};       // else as the file says
  NormOf query_key_norm = NormOf::none;  // by attn_q_norm and attn_k_norm
  bool norm_weights = true;              // else norms of each head have none
  bool norm_last = false;                // behind the rotation, which no row's norm is, else before
  bool fused = false;                    // attn_qkv has q, k and v, one below the other
  bool gated = false;                    // attn_q has each head's query and then its gate, whose sigmoid scales the head's result
  bool sinks = false;                    // attn_sinks: one a head
  bool value_norm = false;               // each head of v too, without weights
  bool keys_as_values = false;           // no attn_v: v is k before its norm and rotation
  int64_t kv_of = -1;                    // no k and v: those of that layer, an earlier one, with the same heads and window
  double scale = 0;                      // of scores; 0: key_dim^-0.5
  float cap = 0;                         // scores s become cap * tanh(s / cap); 0: they stay
  float clamp = 0;                       // q, k and v are brought into [-clamp, clamp]; 0: they stay
  float alibi = 0;                       // what slopes follow from (ALiBi, Press et al. 2021), 8 in the paper; 0: there are none
  int64_t window = 0;                    // places that a row sees, back from its own; 0: all
  int64_t ahead = -1;                    // places behind its own; -1: as Rows::sees says
  int64_t chunk = 0;                     // a row sees places of its own chunk of so many alone; 0: of all
  Tensor temperature = {};               // f32 (places, 1): what scales the queries of a row there
  Rope rope = {};                        // its heads are the caller's
};

// As the file says.
Heads read_heads(const Loader& loader, int64_t layer, const Hyper& hyper);

// Columns of a head that are rotated, as the file says.
int64_t read_rotary(const Loader& loader, int64_t key_dim);

// For `temperature`: 1 + share ln(1 + floor((place + ahead) / length)); none where the share is 0.
Tensor read_temperature(Loader& loader, double share, int64_t length, int64_t ahead = 0);

Mixing read_attention(Loader& loader, int64_t layer, const Hyper& hyper, const AttentionOptions& options);

}  // namespace lt::model
