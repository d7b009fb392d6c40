// InternLM2 and 2.5.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

void describe(const Config& config, Description& to) {
  describe_decoder(config, to, {.dynamic = true});
  to.size("qkv", to.of("query") + 2 * to.of("key_value"), "(num_attention_heads + 2 x num_key_value_heads) x head_dim");
}

// wqkv has, one key head after the other, its query heads, its key and its value. Which of its heads a head of the result is:
int64_t stored_query(const Description& d, int64_t head) {
  const int64_t each = d.heads / d.kv_heads;
  return head / each * (each + 2) + head % each;
}
int64_t stored_key(const Description& d, int64_t head) { return (head + 1) * (d.heads / d.kv_heads + 2) - 2; }

std::vector<int64_t> of_stored(const Description& d, int64_t heads, int64_t (*stored)(const Description&, int64_t), int64_t behind,
                               bool pairs) {
  std::vector<int64_t> from;
  const std::vector<int64_t> within = neighbours(1, d.head_dim);
  for (int64_t head = 0; head < heads; head++)
    for (int64_t i = 0; i < d.head_dim; i++)
      from.push_back((stored(d, head) + behind) * d.head_dim + (pairs ? within[static_cast<size_t>(i)] : i));
  return from;
}
std::vector<int64_t> internlm2_q(const Description& d) { return of_stored(d, d.heads, stored_query, 0, true); }
std::vector<int64_t> internlm2_k(const Description& d) { return of_stored(d, d.kv_heads, stored_key, 0, true); }
std::vector<int64_t> internlm2_v(const Description& d) { return of_stored(d, d.kv_heads, stored_key, 1, false); }

Rules rules() {
  constexpr std::string_view wqkv = "model.layers.{}.attention.wqkv.weight";
  return {
      {"model.tok_embeddings.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
      {"model.norm.weight", "output_norm.weight", everywhere, {"width"}},
      {"output.weight", "output.weight", nullptr, {"vocabulary", "width"}},
      {"model.layers.{}.attention_norm.weight", "blk.{}.attn_norm.weight", everywhere, {"width"}},
      {"model.layers.{}.ffn_norm.weight", "blk.{}.ffn_norm.weight", everywhere, {"width"}},
      {wqkv, "blk.{}.attn_q.weight", everywhere, {"qkv", "width"}, Change::none, {.rows = internlm2_q}},
      {wqkv, "blk.{}.attn_k.weight", everywhere, {"qkv", "width"}, Change::none, {.rows = internlm2_k}},
      {wqkv, "blk.{}.attn_v.weight", everywhere, {"qkv", "width"}, Change::none, {.rows = internlm2_v}},
      {"model.layers.{}.attention.wo.weight", "blk.{}.attn_output.weight", everywhere, {"width", "query"}},
      {"model.layers.{}.feed_forward.w1.weight", "blk.{}.ffn_gate.weight", everywhere, {"feed_forward", "width"}},
      {"model.layers.{}.feed_forward.w2.weight", "blk.{}.ffn_down.weight", everywhere, {"width", "feed_forward"}},
      {"model.layers.{}.feed_forward.w3.weight", "blk.{}.ffn_up.weight", everywhere, {"feed_forward", "width"}},
  };
}

const Architecture internlm2{
    .name = "internlm2",
    .classes = {"InternLM2ForCausalLM"},
    .describe = describe,
    .tensors = rules(),
};
const RegisterArchitecture registered(internlm2);

}  // namespace
}  // namespace lt::convert
