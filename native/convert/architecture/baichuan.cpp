// Baichuan 1.
#include "convert/decoder.h"

namespace lt::convert {
namespace {

constexpr Default defaults[] = {{"max_position_embeddings", 4096}};

// Baichuan 2 divides each row of its output by its length.
void describe(const Config& config, Description& to) {
  describe_sizes(config, to);
  describe_heads(config, to);
  describe_epsilon(config, to);
  std::erase_if(to.fields, [](const gguf::Field& f) { return f.key == "baichuan.attention.head_count_kv"; });
  if (config.has("model_max_length")) to.integer("context_length", config.integer("model_max_length", 1, 1 << 30));
  if (to.kv_heads != to.heads) config.unsupported("num_key_value_heads", "expected as many as num_attention_heads");
  if (config.has("z_loss_weight")) config.unsupported("z_loss_weight", "marks Baichuan 2, whose normed output is not read");
  if (to.layers != 32 && to.layers != 40) config.unsupported("num_hidden_layers", "expected 32 (7B) or 40 (13B)");
  to.put("tensor_data_layout", "Meta AI original pth");
  to.integer("rope.dimension_count", to.head_dim);
  to.size("qkv", 3 * to.of("width"), "3 x hidden_size");
  config.expect_text("hidden_act", "silu");
}

// W_pack has q, k and v below one another.
std::vector<int64_t> packed(const Description& d, int64_t first, bool pairs) {
  std::vector<int64_t> from = neighbours(d.heads, d.head_dim);
  for (size_t i = 0; i < from.size(); i++) from[i] = first * d.of("width") + (pairs ? from[i] : static_cast<int64_t>(i));
  return from;
}

Rules attention() {
  constexpr std::string_view pack = "model.layers.{}.self_attn.W_pack.weight";
  const auto q = [](const Description& d) { return packed(d, 0, true); };
  const auto k = [](const Description& d) { return packed(d, 1, true); };
  const auto v = [](const Description& d) { return packed(d, 2, false); };
  return {
      {pack, "blk.{}.attn_q.weight", everywhere, {"qkv", "width"}, Change::none, {.rows = q}},
      {pack, "blk.{}.attn_k.weight", everywhere, {"qkv", "width"}, Change::none, {.rows = k}},
      {pack, "blk.{}.attn_v.weight", everywhere, {"qkv", "width"}, Change::none, {.rows = v}},
      {"model.layers.{}.self_attn.o_proj.weight", "blk.{}.attn_output.weight", everywhere, {"width", "width"}},
  };
}

const Architecture baichuan{
    .name = "baichuan",
    .classes = {"BaichuanForCausalLM", "BaiChuanForCausalLM"},
    .describe = describe,
    .tensors = joined({outer_rules(), norm_rules("blk.{}.ffn_norm.weight"), attention(), feed_forward_rules()}),
    .defaults = defaults,
};
const RegisterArchitecture registered(baichuan);

}  // namespace
}  // namespace lt::convert
