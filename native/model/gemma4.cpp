// gemma4: Gemma 4 (text). Gemma 3's layers without a scale of scores, values normed too. Full layers have larger heads, of whose pairs few
// turn, and in some models values that are the keys; the last layers read the keys and values of earlier ones. Small models have an
// embedding a layer, the 26B has experts beside the dense feed-forward.
#include <algorithm>
#include <cmath>

#include "model/decoder.h"
#include "model/layer_inputs.h"
#include "model/shared_keys.h"

namespace lt::model {
namespace {

constexpr Map gemma4_gate{.act = Act::gelu_tanh};

AttentionOptions attention_gemma4(const Loader& f, int64_t i, const Hyper& h, const Rope& full, const Rope& local) {
  const bool slide = slides_by_list(f, i);
  const std::string end = slide ? "_swa" : "";
  const int64_t from = keys_of_kind(f, i, h.layers);
  Heads heads = read_heads(f, i, h);
  heads.kv = f.per_layer("attention.head_count_kv", from, 1, heads.query);
  heads.key_dim = f.integer("attention.key_length" + end, 1, most_dim);
  heads.value_dim = f.integer("attention.value_length" + end, 1, most_dim);
  return {.heads = heads,
          .query_key_norm = NormOf::head,
          .value_norm = true,
          .keys_as_values = !f.has(block(from) + "attn_v.weight"),  // nothing else in the file says it
          .kv_of = from == i ? -1 : from,
          .scale = 1,
          .window = slide ? f.integer("attention.sliding_window", 1, most_context) : 0,
          .rope = slide ? local : full};
}

// The dense feed-forward and the experts, which norm what they read themselves; each has a norm behind it before they are added.
class BesideExperts : public Mixer {
 public:
  BesideExperts(Loader& f, int64_t i, const Hyper& h) {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    dense_ = {norm("ffn_norm"), read_feed_forward(f, i, h, {.map = gemma4_gate}), norm("post_ffw_norm_1")};
    // The router reads rows without the experts' norm, by their scale alone.
    const Tensor scale = f.made(1, h.width, [&](std::span<float> to) {
      const std::vector<float> stored = f.values(block(i) + "ffn_gate_inp.scale", 1, h.width);
      const auto root = std::sqrt(static_cast<float>(h.width));
      std::transform(stored.begin(), stored.end(), to.begin(), [&](float s) { return s / root; });
    });
    const ExpertsOptions experts{.router = {.normalize = true},
                                 .map = gemma4_gate,
                                 .fused = f.has(block(i) + "ffn_gate_up_exps.weight"),  // either form means the same
                                 .scaled = true,
                                 .router_norm = Norm{.w = scale, .eps = h.eps},
                                 .expert_norm = norm("pre_ffw_norm_2")};
    sparse_ = {std::nullopt, read_experts(f, i, h, experts), norm("post_ffw_norm_2")};
  }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory& memory, const Rows& rows) const override {
    Scope scope(ops);
    const Tensor dense = scope.like(y);
    ops.norm(y, x, *dense_.before);
    dense_.mixer->run(ops, dense, y, memory, rows);
    ops.norm(dense, dense, *dense_.after);
    sparse_.mixer->run(ops, y, x, memory, rows);
    ops.norm(y, y, *sparse_.after);
    ops.add(y, dense, y);
  }

 private:
  Branch dense_, sparse_;
};

class Gemma4 : public Model {
 public:
  explicit Gemma4(Loader& f) : Gemma4(f, read_hyper(f)) {}

  const Shape& shape() const override { return shape_; }
  void embed(Ops& ops, Tensor x, const Rows& rows) const override {
    ends_.embed(ops, row(x), rows);
    inputs_.embed(ops, x, shape_.width, row(x), rows);
  }
  void layer(Ops& ops, int64_t i, Tensor x, const Memory& memory, const Rows& rows) const override {
    const auto at = static_cast<size_t>(i);
    layers_[at].run(ops, row(x), {&memory.kv[at], {}, inputs_.of_layer(x, shape_.width, i)}, rows);
    ops.map(row(x), row(x), {}, {.outer = scales_[at]});
  }
  void hidden(Ops& ops, Tensor h, Tensor x, const Rows& rows) const override { ends_.hidden(ops, h, row(x), rows); }
  void head(Ops& ops, Tensor logits, Tensor h, const Rows& rows) const override { ends_.head(ops, logits, h, rows); }

 private:
  Gemma4(Loader& f, const Hyper& h)
      : ends_(f, h,
              {.embedding_scale = std::sqrt(static_cast<float>(h.width)),
               .logit_cap = static_cast<float>(f.number("final_logit_softcapping", 0, 1e6, 0))}),
        inputs_(f, h),
        shape_(ends_.shape()) {
    shape_.carried += inputs_.columns();
    const auto rotary = [&](const std::string& end) {
      return read_rotary(f, f.integer("attention.key_length" + end, 2, most_dim), "rope.dimension_count" + end);
    };
    const Rope full = read_rope(f, rotary(""), {.base = 1e6});
    const Rope local = read_rope(f, rotary("_swa"), {.base_key = "rope.freq_base_swa", .scaled = false});
    const bool sparse = f.integer("expert_count", 0, most_experts, 0) > 0;
    for (int64_t i = 0; i < h.layers; i++) {
      const Loader::Part part = f.layer(i);
      const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
      std::vector<Step> steps = {
          {{norm("attn_norm"), read_attention(f, i, h, attention_gemma4(f, i, h, full, local)), norm("post_attention_norm")}}};
      if (sparse)
        steps.push_back({{std::nullopt, std::make_shared<BesideExperts>(f, i, h), norm("post_ffw_norm")}});
      else
        steps.push_back({{norm("ffn_norm"), read_feed_forward(f, i, h, {.map = gemma4_gate}), norm("post_ffw_norm")}});
      if (inputs_.columns()) steps.push_back({{std::nullopt, read_layer_input(f, i, h), norm("post_norm")}});
      layers_.emplace_back(std::move(steps));
      shape_.layers.push_back(layers_.back().shape());
      shape_.heads = std::max(shape_.heads, layers_.back().heads());
      const std::string scale = block(i) + "layer_output_scale.weight";
      scales_.push_back(f.has(scale) ? f.values(scale, 1, 1)[0] : 1);
    }
  }

  Tensor row(Tensor carried) const { return carried.columns(0, shape_.width); }

  Ends ends_;
  LayerInputs inputs_;
  Shape shape_;
  std::vector<Layer> layers_;
  std::vector<float> scales_;  // of the whole row, behind each layer
};

LT_MODEL("gemma4", [](Loader& f) -> std::unique_ptr<Model> { return std::make_unique<Gemma4>(f); });

}  // namespace
}  // namespace lt::model
