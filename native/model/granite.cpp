// granite: IBM Granite 3 and 4, dense; minicpm: MiniCPM 1, 2 and 4. As llama with scales: of embeddings, of scores, of what each half of a
// layer adds, and of logits, which are divided by theirs.
#include <cmath>

#include "model/decoder.h"

namespace lt::model {
namespace {

// Where the file does not say it.
struct GraniteScales {
  double embedding = 1, branch = 1, logits = 1;
};

// A key of 0 stands for none.
double granite_scale(const Loader& f, const char* key, double fallback) {
  const double found = f.number(key, 0, 1e6, fallback);
  return found > 0 ? found : 1;
}

std::unique_ptr<Model> scaled_decoder(Loader& f, const GraniteScales& usual) {
  return decoder(f, {
                        .attention = {.scale = f.number("attention.scale", 0, 1e3, 0)},
                        .rope = {.neighbours = true, .factors = true},
                        .ends = {.embedding_scale = static_cast<float>(granite_scale(f, "embedding_scale", usual.embedding)),
                                 .logit_scale = static_cast<float>(1 / granite_scale(f, "logit_scale", usual.logits))},
                        .rotates = f.flag("rope.scaling.finetuned", true),  // Granite 4's switch
                        .residual_scale = static_cast<float>(granite_scale(f, "residual_scale", usual.branch)),
                    });
}

LT_MODEL("granite", [](Loader& f) { return scaled_decoder(f, {}); });

// The first files have no scales: those of the published models.
LT_MODEL("minicpm", [](Loader& f) {
  const double layers = static_cast<double>(f.integer("block_count", 1, most_layers));
  return scaled_decoder(f, {12, 1.4 / std::sqrt(layers), static_cast<double>(f.integer("embedding_length", 1, most_width)) / 256});
});

}  // namespace
}  // namespace lt::model
