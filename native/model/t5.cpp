// t5encoder: the encoder of T5 and Flan-T5. Root mean square norms before each half of a layer; no rotation and no scale of scores, which
// are offset by a number a head and a bucket of distances. The first layer has the numbers, all use them.
#include <algorithm>
#include <cmath>
#include <vector>

#include "model/decoder.h"

namespace lt::model {
namespace {

constexpr int64_t t5_farthest = 128;  // no GGUF key: distances from there on are one bucket

// Raffel et al. 2020: half of the buckets for places behind the row's own; of each half, half for one distance each and the others for
// distances that grow by a factor. Rounded to floats, as it was trained: whole numbers stay so.
int64_t t5_bucket(int64_t distance, int64_t buckets) {
  const int64_t half = buckets / 2, exact = half / 2, far = std::abs(distance);
  const int64_t side = distance > 0 ? half : 0;
  if (far < exact) return side + far;
  const double share = std::log(static_cast<double>(far) / static_cast<double>(exact)) /
                       std::log(static_cast<double>(t5_farthest) / static_cast<double>(exact));
  return side + std::min(exact + static_cast<int64_t>(static_cast<float>(share * static_cast<double>(half - exact))), half - 1);
}

Tensor t5_offsets(Loader& f, int64_t heads) {
  const int64_t buckets = f.integer("attention.relative_buckets_count", 4, 1 << 10);
  const std::vector<float> of_buckets = f.values(block(0) + "attn_rel_b.weight", buckets, heads);
  std::vector<float> table;
  for (int64_t h = 0; h < heads; h++)
    for (int64_t d = -t5_farthest; d <= t5_farthest; d++)
      table.push_back(of_buckets[static_cast<size_t>(t5_bucket(d, buckets) * heads + h)]);
  return f.table(table, heads);
}

std::unique_ptr<Model> t5_encoder(Loader& f) {
  f.spell("blk.", "enc.blk.");
  f.spell("output_norm", "enc.output_norm");
  f.spell("attn_output", "attn_o");
  const Hyper h = read_hyper(f);
  const AttentionOptions attention{.scale = 1, .offsets = t5_offsets(f, read_heads(f, 0, h).query)};
  // No key tells T5 1.0 from 1.1, whose feed-forward is gated.
  const bool gated = f.has(block(0) + "ffn_gate.weight");
  const FeedForwardOptions feed{.map = {.act = gated ? Act::gelu_tanh : Act::relu}, .gated = gated};
  return decoder(f, h, {.head = false, .looks_ahead = true}, [&](int64_t i) -> std::vector<Step> {
    return {{{read_norm(f, block(i) + "attn_norm", h.width, h), read_attention(f, i, h, attention)}},
            {{read_norm(f, block(i) + "ffn_norm", h.width, h), read_feed_forward(f, i, h, feed)}}};
  });
}

LT_MODEL("t5encoder", t5_encoder);

}  // namespace
}  // namespace lt::model
