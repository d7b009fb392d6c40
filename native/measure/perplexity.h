// How well a model foretells a text, and how far its distributions are from those of a base model.
#pragma once
#include <optional>
#include <string>

#include "engine/engine.h"
#include "measure/statistics.h"

namespace lt::measuring {

struct PerplexityOptions {
  engine::EngineOptions engine;
  int64_t context = 512;  // tokens of a chunk
  int64_t chunks = -1;    // at most; -1: all
  std::string save_base;  // file for the log-probabilities of this model; empty: none
  std::string base;       // file that another model's run saved, to compare with; its tokens are read, and its context counts
};

// Over the scored tokens. Q is the model, P the base.
struct Divergence {
  Mean kl;  // sum of P log(P / Q)
  double kl_median, kl_99, kl_most;
  Mean same_top;   // how often the likeliest token is the same
  Mean log_ratio;  // of the perplexities
  double base_perplexity;
  double rms_probability;  // root of the mean squared difference of the probabilities of the token that came
};

struct Perplexity {
  Mean nll;  // negative log-likelihood of a token; perplexity = exp(nll.value)
  int64_t tokens, chunks, context;
  std::optional<Divergence> divergence;
  std::string backend;
  double seconds;  // of reading the text
};

// `text` may be absent where a base is given; if it is there, its tokens must be the base's. Throws Code::argument, Code::format (also
// where logits are not numbers), Code::disposed when `progress` returns false, and what loading throws.
Perplexity perplexity(const std::string& model, const std::optional<std::string>& text, const PerplexityOptions& options,
                      const engine::Progress& progress);

}  // namespace lt::measuring
