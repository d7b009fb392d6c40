// gemma3n: Gemma 3n (text). Four streams of rows, of which each layer runs one (alt_up.h); beside attention a residual of low rank; in the
// first layers few gates are open; an embedding a layer, which goes to all streams but the first; late layers read earlier layers' keys
// and values. Scores are not scaled, values normed.
#include <cmath>

#include "model/alt_up.h"
#include "model/decoder.h"
#include "model/layer_inputs.h"
#include "model/shared_keys.h"

namespace lt::model {
namespace {

// LAuReL (Menghani et al. 2024): x + norm(right(left x)), of normed rows.
class LowRankResidual : public Mixer {
 public:
  LowRankResidual(Loader& f, int64_t i, const Hyper& h) {
    const int64_t rank = f.rows_of(block(i) + "laurel_l.weight");
    left_ = read_linear(f, block(i) + "laurel_l", rank, h.width), right_ = read_linear(f, block(i) + "laurel_r", h.width, rank);
    norm_ = read_norm(f, block(i) + "laurel_post_norm", h.width, h);
  }

  void run(Ops& ops, Tensor y, Tensor x, const LayerMemory&, const Rows& rows) const override {
    Scope scope(ops);
    const Tensor low = scope.f32(x.rows, left_.w.rows);
    linear(ops, rows, low, x, left_);
    linear(ops, rows, y, low, right_);
    ops.norm(y, y, norm_);
    ops.add(y, x, y);
  }

 private:
  Linear left_, right_;
  Norm norm_;
};

struct Gemma3nLayer {
  AltUp streams;
  Layer attend, feed;
  Mixing input;
  Norm input_norm;
  Tensor input_scale;
};

class Gemma3n : public Model {
 public:
  explicit Gemma3n(Loader& f) : Gemma3n(f, read_hyper(f)) {}

  const Shape& shape() const override { return shape_; }
  void embed(Ops& ops, Tensor x, const Rows& rows) const override {
    const Tensor first = streams_.at(x, 0);
    ends_.embed(ops, first, rows);
    inputs_.embed(ops, x, streams_.columns(), first, rows);
    spread_.spread(ops, x, rows);
  }

  void layer(Ops& ops, int64_t i, Tensor x, const Memory& memory, const Rows& rows) const override {
    Scope scope(ops);
    const auto at = static_cast<size_t>(i);
    const Gemma3nLayer& l = layers_[at];
    const LayerMemory own{&memory.kv[at], {}, inputs_.of_layer(x, streams_.columns(), i)};
    const Tensor active = streams_.at(x, streams_.active), y = scope.like(active);
    l.streams.predict(ops, x, rows);
    ops.map(y, active, {}, {});
    l.attend.run(ops, y, own, rows);
    ops.map(y, y, {}, {.outer = std::sqrt(0.5f)});
    l.feed.run(ops, y, own, rows);
    l.streams.correct(ops, x, y, rows);
    ops.map(y, active, l.input_scale, {});
    add_input(ops, l, x, y, own, rows);
  }

  void hidden(Ops& ops, Tensor h, Tensor x, const Rows& rows) const override {
    Scope scope(ops);
    const Tensor wanted = scope.f32(h.rows, streams_.columns());
    ops.gather(wanted, streams_.all(x), rows.outputs);
    merge_.merge(ops, h, wanted, rows);
    ends_.norm(ops, h);
  }
  void head(Ops& ops, Tensor logits, Tensor h, const Rows& rows) const override { ends_.head(ops, logits, h, rows); }

 private:
  Gemma3n(Loader& f, const Hyper& h)
      : streams_(read_streams(f, h)),
        ends_(f, h,
              {.embedding_scale = std::sqrt(static_cast<float>(h.width)),
               .logit_cap = static_cast<float>(f.number("final_logit_softcapping", 0, 1e6, 0))}),
        inputs_(f, h),
        spread_(read_spread(f, h, streams_)),
        merge_(read_merge(f, h, streams_)),
        shape_(ends_.shape()) {
    if (!inputs_.columns()) f.refuse("embedding_length_per_layer_input", "an embedding a layer", "none");
    shape_.carried = streams_.columns() + inputs_.columns();
    const int64_t rotary = read_rotary(f, read_heads(f, 0, h).key_dim);
    const Rope full = read_rope(f, rotary, {.base = 1e6});
    const Rope local = read_rope(f, rotary, {.base_key = "rope.freq_base_swa", .scaled = false});
    for (int64_t i = 0; i < h.layers; i++) {
      const Loader::Part part = f.layer(i);
      layers_.push_back(read_layer(f, i, h, full, local));
      shape_.layers.push_back(layers_.back().attend.shape());
      shape_.heads = std::max(shape_.heads, layers_.back().attend.heads());
    }
  }

  static StreamEnds read_spread(Loader& f, const Hyper& h, const Streams& streams) {
    const Loader::Part part = f.embed();
    return {f, "altup_proj", h, streams};
  }
  static StreamEnds read_merge(Loader& f, const Hyper& h, const Streams& streams) {
    const Loader::Part part = f.head();
    return {f, "altup_unembd_proj", h, streams};
  }

  Gemma3nLayer read_layer(Loader& f, int64_t i, const Hyper& h, const Rope& full, const Rope& local) const {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    const bool slide = slides_by_list(f, i);
    const int64_t from = keys_of_kind(f, i, h.layers);
    const AttentionOptions attention{.query_key_norm = NormOf::head,
                                     .value_norm = true,
                                     .kv_of = from == i ? -1 : from,
                                     .scale = 1,
                                     .window = slide ? f.integer("attention.sliding_window", 1, most_context) : 0,
                                     .rope = slide ? local : full};
    const Norm first = norm("attn_norm");
    const FeedForwardOptions feed{.map = {.act = Act::gelu_tanh},
                                  .open_above = f.listed("gemma3n.activation_sparsity_scale", i, -INFINITY, 1e3)};
    return {AltUp(f, i, h, streams_),
            Layer({{{first, read_attention(f, i, h, attention), norm("post_attention_norm")},
                    {first, std::make_shared<LowRankResidual>(f, i, h)}}}),
            Layer({{{norm("ffn_norm"), read_feed_forward(f, i, h, feed), norm("post_ffw_norm")}}}),
            read_layer_input(f, i, h),
            norm("post_norm"),
            f.vector(block(i) + "altup_correct_scale.weight", h.width)};
  }

  void add_input(Ops& ops, const Gemma3nLayer& l, Tensor x, Tensor y, const LayerMemory& own, const Rows& rows) const {
    Scope scope(ops);
    const Tensor input = scope.like(y);
    l.input->run(ops, input, y, own, rows);
    ops.norm(input, input, l.input_norm);
    for (int64_t i = 1; i < streams_.count; i++) ops.add(streams_.at(x, i), streams_.at(x, i), input);
  }

  Streams streams_;
  Ends ends_;
  LayerInputs inputs_;
  StreamEnds spread_, merge_;
  Shape shape_;
  std::vector<Gemma3nLayer> layers_;
};

LT_MODEL("gemma3n", [](Loader& f) -> std::unique_ptr<Model> { return std::make_unique<Gemma3n>(f); });

}  // namespace
}  // namespace lt::model
