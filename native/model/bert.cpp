// bert: BERT, RoBERTa, XLM-RoBERTa and what is made of them; nomic-bert, jina-bert-v2 and jina-bert-v3 are of their kind. Encoders: layer
// norms behind each half of a layer, of the sum. The kinds differ in what they know of places, and in their feed-forward.
#include <cstdlib>
#include <vector>

#include "model/decoder.h"

namespace lt::model {
namespace {

enum class BertPlaces : uint8_t { learned, rotary, slopes };

struct BertKind {
  BertPlaces places = BertPlaces::learned;
  bool fused = false;  // q, k and v are one matrix
  FeedForwardOptions feed = {.map = {.act = Act::gelu}, .gated = false};
};

// ALiBi to both sides. GGUF files do not say the steepest slope.
Tensor slopes_to_both_sides(Loader& f, int64_t heads, int64_t context) {
  constexpr double most = 8;
  constexpr int64_t largest = int64_t{1} << 26;
  if (heads * context > largest) f.refuse("context_length", "at most " + std::to_string(largest / heads), std::to_string(context));
  std::vector<float> table;
  for (int64_t h = 0; h < heads; h++)
    for (int64_t d = -context; d <= context; d++) table.push_back(-alibi_slope(h, heads, most) * static_cast<float>(std::abs(d)));
  return f.table(table, heads);
}

std::unique_ptr<Model> bert(Loader& f, const BertKind& kind) {
  const Hyper h = read_hyper(f, true);
  if (f.flag("attention.causal", false)) f.refuse("attention.causal", "false", "true");
  const Heads heads = read_heads(f, 0, h);
  AttentionOptions attention{.fused = kind.fused};
  if (kind.places == BertPlaces::rotary) attention.rope = read_rope(f, read_rotary(f, heads.key_dim), {});
  if (kind.places == BertPlaces::slopes) attention.offsets = slopes_to_both_sides(f, heads.query, f.context());
  const EndOptions ends{.positions = kind.places == BertPlaces::learned,
                        .embedding_norm = "token_embd_norm",
                        .types = true,
                        .norm = {},
                        .head = false,
                        .looks_ahead = true,
                        .readout = {.ranks_by = Pooling::first}};
  return decoder(f, h, ends, [&](int64_t i) -> std::vector<Step> {
    const auto norm = [&](const char* name) { return read_norm(f, block(i) + name, h.width, h); };
    return {{{.mixer = read_attention(f, i, h, attention), .sum = norm("attn_output_norm")}},
            {{.mixer = read_feed_forward(f, i, h, kind.feed), .sum = norm("layer_output_norm")}}};
  });
}

LT_MODEL("bert", [](Loader& f) { return bert(f, {}); });
LT_MODEL("nomic-bert", [](Loader& f) { return bert(f, {BertPlaces::rotary, true, {}}); });
LT_MODEL("jina-bert-v2", [](Loader& f) { return bert(f, {BertPlaces::slopes, false, {.map = {.act = Act::gelu}, .fused = true}}); });
LT_MODEL("jina-bert-v3", [](Loader& f) { return bert(f, {BertPlaces::rotary, true}); });

}  // namespace
}  // namespace lt::model
