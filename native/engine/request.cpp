#include "engine/request.h"

#include <limits>
#include <string>

namespace lt::engine {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& expected, const std::string& found) {
  throw Error(Code::argument, name + ": expected " + expected + ", found " + found);
}

// Rows of the token table beyond the tokens are padding: they can be computed, and never chosen.
void check_ids(const Request& r, int64_t vocabulary, const tokenize::Tokenizer& tokenizer) {
  const std::string range = "token ids from 0 to " + std::to_string(vocabulary - 1);
  for (const int32_t id : r.prompt)
    if (id < 0 || id >= vocabulary) refuse("prompt", range, std::to_string(id));
  for (const sample::LogitBias& b : r.sampling.bias)
    if (!tokenizer.has_name(b.id))
      refuse("logitBias", "token ids from 0 to " + std::to_string(tokenizer.size() - 1) + " that have a name", std::to_string(b.id));
}

// A prompt, and a token after it where one is to be generated, fill at most the context.
void check_length(const Request& r, const ModelInfo& model) {
  const bool generates = !r.logits_only && r.max_tokens != 0;
  const auto length = static_cast<int64_t>(r.prompt.size());
  if (length + generates <= model.longest()) return;
  std::string message = "the prompt has " + std::to_string(length) + " tokens" + (generates ? " and at least one is to follow" : "") +
                        ", the context holds " + std::to_string(model.longest()) + "; shorten the prompt";
  if (model.trained_context > model.context_tokens)
    message += " or load the model with contextTokens up to " + std::to_string(model.trained_context);
  throw Error(Code::context, message);
}

}  // namespace

void check(const Request& r, const ModelInfo& model, const tokenize::Tokenizer& tokenizer) {
  if (r.prompt.empty()) refuse("prompt", "at least one token", "none");
  check_ids(r, model.vocabulary, tokenizer);
  if (r.max_tokens < -1) refuse("maxTokens", "-1 (up to the end of the context) or more", std::to_string(r.max_tokens));
  if (r.top_logprobs < -1 || r.top_logprobs > model.vocabulary)
    refuse("topLogprobs", "0 to " + std::to_string(model.vocabulary), std::to_string(r.top_logprobs));
  for (const std::string& s : r.stop)
    if (s.empty()) refuse("stop", "strings that are not empty", "an empty one");
  check_length(r, model);
}

Choosable::Choosable(const tokenize::Tokenizer& tokenizer) {
  tokens = tokenizer.size();
  while (tokens > 0 && !tokenizer.has_name(tokens - 1)) tokens--;
  for (int32_t id = 0; id < tokens; id++) {
    if (!tokenizer.has_name(id)) nameless.push_back(id);
    if (tokenizer.ends_generation(id)) ends.push_back(id);
  }
}

Request ready(Request r, const Choosable& choosable) {
  const auto ban = [&](const std::vector<int32_t>& ids) {
    for (const int32_t id : ids) r.sampling.bias.push_back({id, -std::numeric_limits<float>::infinity()});
  };
  r.sampling.tokens = static_cast<size_t>(choosable.tokens);
  ban(choosable.nameless);
  if (r.ignore_end) ban(choosable.ends);
  return r;
}

}  // namespace lt::engine
