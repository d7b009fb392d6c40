#include "model/decoder.h"

namespace lt::model {
namespace {

class Decoder : public Model {
 public:
  Decoder(Ends ends, std::vector<Layer> layers) : ends_(std::move(ends)), layers_(std::move(layers)), shape_(ends_.shape()) {
    for (const Layer& l : layers_) {
      shape_.layers.push_back(l.shape());
      shape_.heads = std::max(shape_.heads, l.heads());
    }
  }

  const Shape& shape() const override { return shape_; }
  const Readout* readout() const override { return ends_.readout().get(); }
  void embed(Ops& ops, Tensor x, const Rows& rows) const override { ends_.embed(ops, x, rows); }
  void layer(Ops& ops, int64_t i, Tensor x, const Memory& memory, const Rows& rows) const override {
    const auto at = static_cast<size_t>(i);
    layers_[at].run(ops, x, {&memory.kv[at], {memory.states[at]}}, rows);
  }
  int64_t parts(int64_t i) const override { return layers_[static_cast<size_t>(i)].parts(); }
  bool apart(int64_t i, int64_t part) const override { return layers_[static_cast<size_t>(i)].apart(part); }
  void part(Ops& ops, int64_t i, int64_t p, Tensor x, const Memory& memory, const Rows& rows) const override {
    const auto at = static_cast<size_t>(i);
    layers_[at].run_part(ops, p, x, {&memory.kv[at], {memory.states[at]}}, rows);
  }
  void hidden(Ops& ops, Tensor h, Tensor x, const Rows& rows) const override { ends_.hidden(ops, h, x, rows); }
  void head(Ops& ops, Tensor logits, Tensor h, const Rows& rows) const override { ends_.head(ops, logits, h, rows); }

 private:
  Ends ends_;
  std::vector<Layer> layers_;
  Shape shape_;
};

void add_rows(Ops& ops, Tensor x, Tensor table, Tensor ids) {
  Scope scope(ops);
  const Tensor rows = scope.like(x);
  ops.gather(rows, table, ids);
  ops.add(x, x, rows);
}

}  // namespace

// Every rank has the table, of whose rows only those of tokens that occur are read, and some rows of the output matrix.
Ends::Ends(Loader& loader, const Hyper& hyper, const EndOptions& options) : options_(options) {
  shape_ = {.width = hyper.width,
            .carried = hyper.width,
            .vocabulary = hyper.vocabulary,
            .trained_context = hyper.context,
            .axes = options.axes,
            .looks_ahead = options.looks_ahead,
            .head = options.head};
  {
    const Loader::Part part = loader.embed();
    table_ = loader.lookup("token_embd.weight", hyper.vocabulary, hyper.width);
    table_low_ = loader.low_rank_table("token_embd", hyper.vocabulary, hyper.width);
    if (options.positions) positions_ = loader.lookup("position_embd.weight", hyper.context, hyper.width);
    if (options.types) {
      shape_.types = loader.rows_of("token_types.weight");
      types_ = shape_.types == 1 ? loader.vector("token_types.weight", hyper.width)
                                 : loader.lookup("token_types.weight", shape_.types, hyper.width);
    }
    if (!options.embedding_norm.empty()) embedding_norm_ = read_norm(loader, options.embedding_norm, hyper.width, hyper);
  }
  const Loader::Part part = loader.head();
  readout_ = read_readout(loader, hyper, options.readout);
  if (!options.norm.empty()) norm_ = read_norm(loader, options.norm, hyper.width, hyper);
  if (norm_ && options.norm_eps > 0) norm_->eps = options.norm_eps;
  if (!options.head) return;
  out_ = read_joint(loader, loader.has("output.weight") ? "output" : "token_embd", hyper.vocabulary, hyper.width, {});
  if (out_.rows) loader.division().note("output rows " + cut(hyper.vocabulary, 1, loader.division().size).text());
}

Shape Ends::shape() const { return shape_; }

void Ends::embed(Ops& ops, Tensor x, const Rows& rows) const {
  ops.gather(x, table_, rows.ids);
  adapt_table(ops, rows.adapted, x, table_low_);
  if (options_.embedding_scale != 1) ops.map(x, x, {}, {.outer = options_.embedding_scale});
  if (rows.given) ops.put(x, rows.given, rows.given_at);
  if (positions_) add_rows(ops, x, positions_, rows.places);
  if (types_) shape_.types == 1 ? ops.add(x, x, types_) : add_rows(ops, x, types_, rows.types);
  if (embedding_norm_) ops.norm(x, x, *embedding_norm_);
}

void Ends::hidden(Ops& ops, Tensor h, Tensor x, const Rows& rows) const {
  ops.gather(h, x, rows.outputs);
  if (norm_) ops.norm(h, h, *norm_);
}

void Ends::head(Ops& ops, Tensor logits, Tensor h, const Rows& rows) const {
  Rows wanted = rows;
  wanted.adapted = rows.adapted_outputs;
  linear(ops, wanted, logits, h, out_);
  if (options_.logit_scale != 1) ops.map(logits, logits, {}, {.outer = options_.logit_scale});
  const float cap = options_.logit_cap;
  if (cap > 0) ops.map(logits, logits, {}, {.act = Act::tanh, .inner = 1 / cap, .outer = cap});
}

std::unique_ptr<Model> decoder(Loader& loader, const Hyper& hyper, const EndOptions& ends,
                               const std::function<std::vector<Step>(int64_t i)>& layer) {
  Ends both(loader, hyper, ends);
  std::vector<Layer> layers;
  for (int64_t i = 0; i < hyper.layers; i++) {
    const Loader::Part part = loader.layer(i);
    layers.emplace_back(layer(i));
  }
  return std::make_unique<Decoder>(std::move(both), std::move(layers));
}

bool is_sparse(const Loader& loader, int64_t i) {
  return i >= loader.integer("leading_dense_block_count", 0, most_layers, 0) &&
         (i + 1) % loader.integer("interleave_moe_layer_step", 1, most_layers, 1) == 0;
}

std::unique_ptr<Model> decoder(Loader& loader, const DecoderOptions& options) {
  Hyper hyper = read_hyper(loader, options.centred);
  hyper.weightless = options.weightless;
  const bool sparse = loader.integer("expert_count", 0, most_experts, 0) > 0;
  if (sparse && !options.experts) loader.refuse("expert_count", "a dense model", "a mixture of experts, which this version does not run");
  AttentionOptions attentions = options.attention;
  if (options.rotates) attentions.rope = read_rope(loader, read_rotary(loader, read_heads(loader, 0, hyper).key_dim), options.rope);
  EndOptions ends = options.ends;
  if (options.rope.axes != Axes::one) ends.axes = image_axes;
  return decoder(loader, hyper, ends, [&](int64_t i) -> std::vector<Step> {
    const std::string b = block(i);
    AttentionOptions attention = attentions;
    if (options.vary) options.vary(i, attention);
    const Norm first = read_norm(loader, b + "attn_norm", hyper.width, hyper);
    const Mixing attend = read_attention(loader, i, hyper, attention);
    const bool has_experts = sparse && is_sparse(loader, i);
    const Branch mixed{first, attend, {}, options.residual_scale};
    const auto read_second = [&]() -> Branch {
      const bool one = options.residual == Residual::behind_one_norm;
      const Norm second = one ? first : read_norm(loader, b + options.second_norm, hyper.width, hyper);
      const Mixing feed =
          has_experts ? read_experts(loader, i, hyper, *options.experts) : read_feed_forward(loader, i, hyper, options.feed_forward);
      return {second, feed, {}, options.residual_scale};
    };
    if (options.residual != Residual::in_turn) return {{mixed, read_second()}};
    return {{mixed}, maybe_apart(loader, i, has_experts, [&]() -> Step { return {read_second()}; })};
  });
}

std::function<void(int64_t, AttentionOptions&)> windows_by_layer(const Loader& loader) {
  const char* pattern = "attention.sliding_window_pattern";
  if (!loader.has_list(pattern)) return {};
  return [&loader, pattern, window = loader.integer("attention.sliding_window", 1, most_context)](int64_t i, AttentionOptions& attention) {
    if (loader.per_layer(pattern, i, 0, 1)) attention.window = window;
  };
}

}  // namespace lt::model
