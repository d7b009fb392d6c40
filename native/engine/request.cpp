#include "engine/request.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <string>

#include "core/hash.h"
#include "core/text.h"
#include "engine/cache.h"

namespace lt::engine {
namespace {

[[noreturn]] void refuse(const std::string& name, const std::string& expected, const std::string& found) {
  throw Error(Code::argument, name + ": expected " + expected + ", found " + found);
}

// Rows of the token table beyond the tokens are padding: they can be computed, and never chosen.
void check_ids(const char* name, const std::vector<int32_t>& ids, int64_t vocabulary) {
  for (const int32_t id : ids)
    if (id < 0 || id >= vocabulary) refuse(name, "token ids from 0 to " + std::to_string(vocabulary - 1), std::to_string(id));
}

void check_prompt(const Request& r, const ModelInfo& model) {
  if (r.prompt.empty()) refuse("prompt", "at least one token", "none");
  check_ids("prompt", r.prompt, model.vocabulary);
  if (!r.decoder.empty() && !model.has_encoder())
    refuse("decoderIds", "none, of a model of architecture " + model.architecture + ", which has no encoder",
           std::to_string(r.decoder.size()));
  check_ids("decoderIds", r.decoder, model.vocabulary);
}

void check_types(const Request& r, const ModelInfo& model) {
  if (r.types.empty()) return;
  if (r.types.size() != r.prompt.size())
    refuse("types", "one for each of " + std::to_string(r.prompt.size()) + " tokens", std::to_string(r.types.size()));
  for (const int32_t type : r.types)
    if (type < 0 || type >= model.types) refuse("types", "numbers from 0 to " + std::to_string(model.types - 1), std::to_string(type));
}

void check_pooling(const Request& r, const ModelInfo& model) {
  if (r.embeds() && std::get<Embed>(r.kind).pooling == Pooling::rank && model.outputs == 0)
    throw Error(Code::unsupported,
                "a model of architecture " + model.architecture + " without a head for scores: expected a reranker or a classifier");
}

void check_given(const Request& r, const ModelInfo& model) {
  if (r.given_at.empty() && r.given.empty()) return;
  if (!model.takes_embeddings) refuse("given", "tokens alone, as the model was loaded", "embeddings");
  if (r.salt == 0) refuse("salt", "a number that tells these embeddings from others", "0");
  if (r.given.size() != r.given_at.size() * static_cast<size_t>(model.width))
    refuse("given", std::to_string(model.width) + " values for each of " + std::to_string(r.given_at.size()) + " places",
           std::to_string(r.given.size()));
  const auto falls = std::adjacent_find(r.given_at.begin(), r.given_at.end(), std::greater_equal<>());
  if (falls != r.given_at.end() || r.given_at.front() < 0 || r.given_at.back() >= std::ssize(r.prompt))
    refuse("given", "ascending places of the prompt", "others");
}

const AdapterOption* find_adapter(const ModelInfo& model, const std::string& name) {
  const auto is_it = [&](const AdapterOption& a) { return a.name == name; };
  const auto at = std::find_if(model.adapters.begin(), model.adapters.end(), is_it);
  return at == model.adapters.end() ? nullptr : &*at;
}

void check_adapters(const Request& r, const ModelInfo& model) {
  if (!r.adapters) return;
  std::set<std::string> seen;
  for (const AdapterWish& w : *r.adapters) {
    if (!find_adapter(model, w.name)) {
      std::string names;
      for (const AdapterOption& a : model.adapters) names += (names.empty() ? "" : ", ") + shown(a.name);
      refuse("adapters", names.empty() ? "none, as the model was loaded without any" : "names of those that were loaded: " + names,
             "\"" + shown(w.name) + "\"");
    }
    if (!std::isfinite(w.scale)) refuse("adapters", "a scale that is a number", std::to_string(w.scale));
    if (!seen.insert(w.name).second) refuse("adapters", "each name once", "\"" + shown(w.name) + "\" twice");
  }
}

// What texts are known by depends on them.
void give_adapters(Request& r, const ModelInfo& model) {
  if (model.adapters.empty()) return;
  const auto id_of = [&](const AdapterOption& a) { return static_cast<int32_t>(&a - model.adapters.data()); };
  const auto add = [&](const AdapterOption& a, double scale) {
    if (const auto x = static_cast<float>(scale); x != 0) r.shares.push_back({id_of(a), x});
  };
  if (r.adapters)
    for (const AdapterWish& w : *r.adapters) add(*find_adapter(model, w.name), w.scale);
  else
    for (const AdapterOption& a : model.adapters) add(a, a.scale);
  if (r.shares.empty()) return;
  std::sort(r.shares.begin(), r.shares.end(), [](const AdapterShare& a, const AdapterShare& b) { return a.id < b.id; });
  Hash salt;
  salt.add(&r.salt, sizeof r.salt);
  for (const AdapterShare& s : r.shares) salt.add(&s.id, sizeof s.id), salt.add(&s.scale, sizeof s.scale);
  r.salt = salt.value();
}

void check_wishes(const Generate& g, int64_t vocabulary, const tokenize::Tokenizer& tokenizer) {
  for (const sample::LogitBias& b : g.sampling.bias)
    if (!tokenizer.has_name(b.id))
      refuse("logitBias", "token ids from 0 to " + std::to_string(tokenizer.size() - 1) + " that have a name", std::to_string(b.id));
  if (g.max_tokens < -1) refuse("maxTokens", "-1 (up to the end of the context) or more", std::to_string(g.max_tokens));
  if (g.top_logprobs < -1 || g.top_logprobs > vocabulary)
    refuse("topLogprobs", "0 to " + std::to_string(vocabulary), std::to_string(g.top_logprobs));
  for (const std::string& s : g.stop)
    if (s.empty()) refuse("stop", "strings that are not empty", "an empty one");
  for (const std::string& s : g.banned)
    if (s.empty()) refuse("bannedStrings", "strings that are not empty", "an empty one");
  for (const TextBias& b : g.text_bias)
    if (b.text.empty()) refuse("textBias", "texts that are not empty", "an empty one");
  if (g.asks && g.top_logprobs >= 0) refuse("logprobs", "none beside a sampler of the caller's own, which is given the logits", "some");
}

// A prompt, and a token after it where one is to be generated, fill at most the context.
void check_length(const Request& r, const ModelInfo& model) {
  const bool generates = r.generates() && r.generate().max_tokens != 0;
  const auto length = static_cast<int64_t>(r.prompt.size());
  if (length + generates <= model.longest()) return;
  std::string message = "the prompt has " + std::to_string(length) + " tokens" + (generates ? " and at least one is to follow" : "") +
                        ", the context holds " + std::to_string(model.longest()) + "; shorten the prompt";
  if (model.trained_context > model.context_tokens)
    message += " or load the model with contextTokens up to " + std::to_string(model.trained_context);
  throw Error(Code::context, message);
}

// A text whose rows see what comes behind them is computed in one step.
void check_at_once(const Request& r, const ModelInfo& model) {
  const auto length = static_cast<int64_t>(r.prompt.size());
  if (model.text_at_once == 0 || length <= model.text_at_once) return;
  throw Error(Code::context, "the text has " + std::to_string(length) + " tokens, this model reads whole texts and at most " +
                                 std::to_string(model.text_at_once) +
                                 " tokens at once; shorten the text or load the model with batchTokens of at least " +
                                 std::to_string(length));
}

// A text that is encoded and one that is written. Together they fill at most the cache.
void check_texts(const Request& r, const ModelInfo& model) {
  if (r.embeds())
    throw Error(Code::unsupported, "a model of architecture " + model.architecture +
                                       " encodes a text to write another, and gives no hidden rows of it: load it with encoder: true "
                                       "(llama-ts embed does), which is its encoder alone");
  const bool generates = r.generates() && r.generate().max_tokens != 0;
  const auto encoded = static_cast<int64_t>(r.prompt.size()), begins = std::max<int64_t>(1, std::ssize(r.decoder));
  const int64_t writes = begins + generates, all = whole_pages(encoded) + writes;
  if (encoded > model.trained_context || writes > model.trained_context)
    throw Error(Code::context, "the texts have " + std::to_string(encoded) + " tokens to encode and at least " + std::to_string(writes) +
                                   " to decode, this model takes " + std::to_string(model.trained_context) +
                                   " of each at most; shorten them");
  if (all > model.context_tokens)
    throw Error(Code::context, "the texts take " + std::to_string(all) + " places (" + std::to_string(encoded) +
                                   " tokens to encode, in whole pages of " + std::to_string(page) + ", and at least " +
                                   std::to_string(writes) + " to decode), the context holds " + std::to_string(model.context_tokens) +
                                   "; load the model with more contextTokens");
}

// The decoder's text behind the pages of the one that is encoded, which are filled up with what is no token.
void join_texts(Request& r, int64_t start) {
  r.encoded = std::ssize(r.prompt);
  r.prompt.resize(static_cast<size_t>(whole_pages(r.encoded)), -1);
  if (r.decoder.empty()) r.decoder.push_back(static_cast<int32_t>(start));
  r.prompt.insert(r.prompt.end(), r.decoder.begin(), r.decoder.end());
}

}  // namespace

void check(const Request& r, const ModelInfo& model, const tokenize::Tokenizer& tokenizer) {
  if (!model.head && !r.embeds())
    throw Error(Code::unsupported,
                "a model of architecture " + model.architecture + " encodes texts and predicts no tokens: ask for its hidden rows");
  check_prompt(r, model);
  check_types(r, model);
  check_pooling(r, model);
  check_given(r, model);
  check_adapters(r, model);
  if (r.generates()) check_wishes(r.generate(), model.vocabulary, tokenizer);
  model.has_encoder() ? check_texts(r, model) : check_length(r, model);
  check_at_once(r, model);
}

Choosable::Choosable(const tokenize::Tokenizer& tokenizer) {
  tokens = tokenizer.size();
  while (tokens > 0 && !tokenizer.has_name(tokens - 1)) tokens--;
  for (int32_t id = 0; id < tokens; id++) {
    if (!tokenizer.has_name(id)) nameless.push_back(id);
    if (tokenizer.ends_generation(id)) ends.push_back(id);
  }
}

Request ready(Request r, const Choosable& choosable, const tokenize::Tokenizer& tokenizer, const ModelInfo& model) {
  if (model.has_encoder()) join_texts(r, model.decoder_start);
  give_adapters(r, model);
  if (!r.generates()) return r;
  Generate& g = r.generate();
  for (const TextBias& b : g.text_bias) {
    std::vector<int32_t> ids = tokenizer.encode(b.text, false);
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (const int32_t id : ids) g.sampling.bias.push_back({id, b.bias, b.tokens});
  }
  const auto ban = [&](const std::vector<int32_t>& ids) {
    for (const int32_t id : ids) g.sampling.bias.push_back({id, -std::numeric_limits<float>::infinity()});
  };
  g.sampling.tokens = static_cast<size_t>(choosable.tokens);
  ban(choosable.nameless);
  if (g.ignore_end) ban(choosable.ends);
  return r;
}

}  // namespace lt::engine
