// RWKV 6. Of the row before, each use has its own vector of shares: GGUF files may have them apart, as the folder does.
#include <cmath>

#include "convert/state_space.h"

namespace lt::convert {
namespace {

// Columns of the small matrices, which config.json does not say.
void read_sizes(const safetensors::Folder& folder, Description& to) {
  const auto columns = [&](const char* name, int64_t usual) {
    const safetensors::Tensor* t = folder.find(name);
    return t && t->shape.size() == 2 ? t->shape[1] : usual;
  };
  const int64_t usual = to.of("width") == 4096 ? 64 : 32;
  const int64_t mixing = columns("rwkv.blocks.0.attention.time_maa_w1", 5 * usual) / 5;
  const int64_t decaying = columns("rwkv.blocks.0.attention.time_decay_w1", 2 * usual);
  to.size("mixing", mixing, "hidden_size (32, of 4096 columns 64)");
  to.size("all_mixing", 5 * mixing, "hidden_size (5 x 32, of 4096 columns 5 x 64)");
  to.size("decaying", decaying, "hidden_size (64, of 4096 columns 128)");
  to.integer("time_mix_extra_dim", mixing);
  to.integer("time_decay_extra_dim", decaying);
}

void describe(const Config& config, Description& to) {
  describe_stack(config, to);
  const int64_t width = to.of("width"), head = config.integer("head_size", 1, 1 << 14, 64);
  if (width % head) config.fail("head_size", "expected a divisor of " + std::to_string(width) + ", found " + std::to_string(head));
  if (const int64_t inner = config.integer("attention_hidden_size", 1, 1 << 20, width); inner != width)
    config.unsupported("attention_hidden_size", "expected " + std::to_string(width) + ", as hidden_size, found " + std::to_string(inner));
  config.expect_number("head_size_divisor", 8);  // the epsilon of heads' norms follows from it, for which GGUF has no key
  const int64_t every = config.integer("rescale_every", 0, 4096, 6);
  to.size("heads", width / head, "hidden_size / head_size");
  to.size("head", head, "head_size");
  to.size("five", 5, "architectures");
  to.size("rescale", every, "rescale_every");
  describe_feed_forward(to, config.integer("intermediate_size", 1, 1 << 20, width * 7 / 2 / 32 * 32));
  to.integer("context_length", unbounded);
  to.integer("attention.head_count", 0);
  to.number("attention.layer_norm_epsilon", config.number("layer_norm_epsilon", 0, 1, 1e-5));
  to.integer("wkv.head_size", head);
  to.integer("rescale_every_n_layers", every);
}

// Rows are halved every so many layers, and with them what is added to them.
float halved(const Description& d, int64_t layer) {
  const int64_t every = d.of("rescale");
  return every > 0 ? std::ldexp(1.0f, -static_cast<int>(layer / every)) : 1;
}

Rule share(std::string_view from, std::string_view to) {
  return {from, to, everywhere, {"one", "one", "width"}, Change::none, {.becomes = {"width"}}};
}
Rule turned(std::string_view from, std::string_view to, Shape shape, Shape becomes) {
  return {from, to, everywhere, shape, Change::exact, {.turned = true, .becomes = becomes}};
}
Rule scaled(std::string_view from, std::string_view to, Shape shape) {
  Rule rule{from, to, everywhere, shape};
  rule.by_layer = halved;
  return rule;
}
Rules norm(std::string_view from, std::string_view to, std::string_view from_bias, std::string_view to_bias) {
  return {{from, to, everywhere, {"width"}}, {from_bias, to_bias, everywhere, {"width"}}};
}

Rules norms() {
  return joined({
      norm("rwkv.blocks.0.pre_ln.weight", "token_embd_norm.weight", "rwkv.blocks.0.pre_ln.bias", "token_embd_norm.bias"),
      norm("rwkv.ln_out.weight", "output_norm.weight", "rwkv.ln_out.bias", "output_norm.bias"),
      norm("rwkv.blocks.{}.ln1.weight", "blk.{}.attn_norm.weight", "rwkv.blocks.{}.ln1.bias", "blk.{}.attn_norm.bias"),
      norm("rwkv.blocks.{}.ln2.weight", "blk.{}.attn_norm_2.weight", "rwkv.blocks.{}.ln2.bias", "blk.{}.attn_norm_2.bias"),
      norm("rwkv.blocks.{}.attention.ln_x.weight", "blk.{}.time_mix_ln.weight", "rwkv.blocks.{}.attention.ln_x.bias",
           "blk.{}.time_mix_ln.bias"),
  });
}

Rules mixes() {
  return {
      share("rwkv.blocks.{}.attention.time_maa_x", "blk.{}.time_mix_lerp_x.weight"),
      share("rwkv.blocks.{}.attention.time_maa_w", "blk.{}.time_mix_lerp_w.weight"),
      share("rwkv.blocks.{}.attention.time_maa_k", "blk.{}.time_mix_lerp_k.weight"),
      share("rwkv.blocks.{}.attention.time_maa_v", "blk.{}.time_mix_lerp_v.weight"),
      share("rwkv.blocks.{}.attention.time_maa_r", "blk.{}.time_mix_lerp_r.weight"),
      share("rwkv.blocks.{}.attention.time_maa_g", "blk.{}.time_mix_lerp_g.weight"),
      share("rwkv.blocks.{}.attention.time_decay", "blk.{}.time_mix_decay.weight"),
      turned("rwkv.blocks.{}.attention.time_maa_w1", "blk.{}.time_mix_w1.weight", {"width", "all_mixing"}, {"all_mixing", "width"}),
      turned("rwkv.blocks.{}.attention.time_maa_w2", "blk.{}.time_mix_w2.weight", {"five", "mixing", "width"}, {"five", "width", "mixing"}),
      turned("rwkv.blocks.{}.attention.time_decay_w1", "blk.{}.time_mix_decay_w1.weight", {"width", "decaying"}, {"decaying", "width"}),
      turned("rwkv.blocks.{}.attention.time_decay_w2", "blk.{}.time_mix_decay_w2.weight", {"decaying", "width"}, {"width", "decaying"}),
      {"rwkv.blocks.{}.attention.time_faaaa", "blk.{}.time_mix_first.weight", everywhere, {"heads", "head"}, Change::exact},
      {"rwkv.blocks.{}.attention.receptance.weight", "blk.{}.time_mix_receptance.weight", everywhere, {"width", "width"}},
      {"rwkv.blocks.{}.attention.key.weight", "blk.{}.time_mix_key.weight", everywhere, {"width", "width"}},
      {"rwkv.blocks.{}.attention.value.weight", "blk.{}.time_mix_value.weight", everywhere, {"width", "width"}},
      {"rwkv.blocks.{}.attention.gate.weight", "blk.{}.time_mix_gate.weight", everywhere, {"width", "width"}},
      scaled("rwkv.blocks.{}.attention.output.weight", "blk.{}.time_mix_output.weight", {"width", "width"}),
      share("rwkv.blocks.{}.feed_forward.time_maa_k", "blk.{}.channel_mix_lerp_k.weight"),
      share("rwkv.blocks.{}.feed_forward.time_maa_r", "blk.{}.channel_mix_lerp_r.weight"),
      {"rwkv.blocks.{}.feed_forward.key.weight", "blk.{}.channel_mix_key.weight", everywhere, {"feed_forward", "width"}},
      {"rwkv.blocks.{}.feed_forward.receptance.weight", "blk.{}.channel_mix_receptance.weight", everywhere, {"width", "width"}},
      scaled("rwkv.blocks.{}.feed_forward.value.weight", "blk.{}.channel_mix_value.weight", {"width", "feed_forward"}),
  };
}

const Architecture rwkv6{
    .name = "rwkv6",
    .classes = {"Rwkv6ForCausalLM"},
    .describe = describe,
    .tensors = joined({
        {{"rwkv.embeddings.weight", "token_embd.weight", everywhere, {"vocabulary", "width"}},
         {"head.weight", "output.weight", nullptr, {"vocabulary", "width"}}},
        norms(),
        mixes(),
    }),
    .read = read_sizes,
};
const RegisterArchitecture registered(rwkv6);

}  // namespace
}  // namespace lt::convert
