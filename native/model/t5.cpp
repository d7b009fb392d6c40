// t5: T5, Flan-T5 and their kin; t5encoder: the encoder alone. Root mean square norms before each part of a layer; no rotation and no scale
// of scores, which are offset by a number a head and a bucket of distances. The first layer has the numbers, all without their own use
// them.
#include <algorithm>
#include <cmath>
#include <vector>

#include "model/encoder_decoder.h"

namespace lt::model {
namespace {

constexpr int64_t t5_farthest = 128;  // no GGUF key: distances from there on are one bucket

// Raffel et al. 2020. Of the buckets half are for one distance each, the others for distances that grow by a factor; where rows see what
// is ahead of them, half of all are for places behind the row's own, which come first, and half for those ahead; else these share bucket 0,
// with the row's own. Rounded to floats, as it was trained: whole numbers stay so.
int64_t t5_bucket(int64_t distance, int64_t buckets, bool both_sides) {
  const int64_t own = both_sides ? buckets / 2 : buckets, exact = own / 2;
  const int64_t far = both_sides ? std::abs(distance) : std::max<int64_t>(-distance, 0);
  const int64_t side = both_sides && distance > 0 ? own : 0;
  if (far < exact) return side + far;
  const double share = std::log(static_cast<double>(far) / static_cast<double>(exact)) /
                       std::log(static_cast<double>(t5_farthest) / static_cast<double>(exact));
  return side + std::min(exact + static_cast<int64_t>(static_cast<float>(share * static_cast<double>(own - exact))), own - 1);
}

// Of the layer, or where it has none `first`.
Tensor t5_offsets(Loader& f, int64_t layer, int64_t heads, bool both_sides, Tensor first = {}) {
  const std::string name = block(layer) + "attn_rel_b.weight";
  if (first && !f.has(name)) return first;
  const int64_t buckets = f.integer("attention.relative_buckets_count", 4, 1 << 10);
  const std::vector<float> of_buckets = f.values(name, buckets, heads);
  std::vector<float> table;
  for (int64_t h = 0; h < heads; h++)
    for (int64_t d = -t5_farthest; d <= t5_farthest; d++)
      table.push_back(of_buckets[static_cast<size_t>(t5_bucket(d, buckets, both_sides) * heads + h)]);
  return f.table(table, heads);
}

// The layers of the encoder, or the decoder, whose names are spelled so.
class T5Side {
 public:
  T5Side(Loader& f, const Hyper& h, const std::string& prefix, bool both_sides)
      : f_(f), h_(h), both_sides_(both_sides), heads_(read_heads(f, 0, h)) {
    f.spell({{"blk.", prefix + "blk."}, {"output_norm", prefix + "output_norm"}, {"attn_output", "attn_o"}});
    first_ = t5_offsets(f, 0, heads_.query, both_sides);
    // No key tells T5 1.0 from 1.1, whose feed-forward is gated.
    gated_ = f.has(block(0) + "ffn_gate.weight");
  }

  std::vector<Step> steps(int64_t i, const std::shared_ptr<const CrossAttention>& across = nullptr) const {
    const auto behind = [&](const char* norm, const Mixing& mixer) -> Step {
      return {{read_norm(f_, block(i) + norm, h_.width, h_), mixer}};
    };
    const AttentionOptions attention{
        .heads = heads_, .scale = 1, .offsets = i == 0 ? first_ : t5_offsets(f_, i, heads_.query, both_sides_, first_)};
    const FeedForwardOptions feed{.map = {.act = gated_ ? Act::gelu_tanh : Act::relu}, .gated = gated_};
    std::vector<Step> steps{behind("attn_norm", read_attention(f_, i, h_, attention))};
    if (across) steps.push_back(behind("cross_attn_norm", across));
    steps.push_back(behind("ffn_norm", read_feed_forward(f_, i, h_, feed)));
    return steps;
  }
  bool gated() const { return gated_; }
  const Heads& heads() const { return heads_; }

 private:
  Loader& f_;
  const Hyper& h_;
  bool both_sides_, gated_;
  Heads heads_;
  Tensor first_;
};

std::unique_ptr<Model> t5_encoder(Loader& f) {
  const Hyper h = read_hyper(f);
  const T5Side encoder(f, h, "enc.", true);
  if (f.architecture() == "t5")  // of which nothing is decoded here
    for (const char* const names : {"dec.*", "output.weight"}) f.ignore(names);
  return decoder(f, h, {.head = false, .looks_ahead = true}, [&](int64_t i) { return encoder.steps(i); });
}

// T5 1.0, whose head is the token table, makes rows smaller before it. Its files say so by having no gate and no head of their own.
float t5_logit_scale(const Loader& f, const Hyper& h, bool gated) {
  const bool scales = !gated && !f.has("output.weight");
  return static_cast<float>(f.number("logit_scale", 1e-6, 1e6, scales ? 1 / std::sqrt(static_cast<double>(h.width)) : 1));
}

std::unique_ptr<Model> t5(Loader& f) {
  const Hyper h = read_hyper(f);
  const int64_t layers = f.integer("decoder_block_count", 1, most_layers, h.layers);
  const int64_t start = f.integer("decoder_start_token_id", 0, h.vocabulary - 1, 0);
  f.ignore("dec.blk.0.cross_attn_rel_b.weight");  // which some files have, and no model reads

  std::vector<Layer> encoding;
  const T5Side encoder(f, h, "enc.", true);
  Norm norm;
  for (int64_t i = 0; i < h.layers; i++) {
    const Loader::Part part = f.layer(i);
    encoding.emplace_back(encoder.steps(i));
    if (i + 1 == h.layers) norm = read_norm(f, "output_norm", h.width, h);
  }
  std::vector<DecodingLayer> decoding;
  const T5Side decoder(f, h, "dec.", false);
  for (int64_t i = 0; i < layers; i++) {
    const Loader::Part part = f.layer(h.layers + i);
    const auto across = std::make_shared<const CrossAttention>(f, i, h, decoder.heads(), 1);
    decoding.push_back({Layer(decoder.steps(i, across)), across});
  }
  Ends ends(f, h, {.logit_scale = t5_logit_scale(f, h, decoder.gated())});
  return std::make_unique<EncoderDecoder>(std::move(ends), std::move(encoding), norm, std::move(decoding), start);
}

LT_MODEL("t5encoder", t5_encoder);
LT_MODEL("t5", t5);

}  // namespace
}  // namespace lt::model
