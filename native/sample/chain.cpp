// The samplers of one generation in their order, then the draw.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "core/error.h"
#include "sample/logprobs.h"
#include "sample/rank.h"
#include "sample/sampler.h"

namespace lt::sample {
namespace {

constexpr float none = -std::numeric_limits<float>::infinity();

std::string number(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", v);
  return text;
}

std::string quoted(std::string_view s) {
  std::string shown(s.substr(0, 64));
  return "\"" + shown + "\"";
}

[[noreturn]] void refuse(std::string message) { throw Error(Code::argument, std::move(message)); }

const SamplerEntry& find(std::string_view name) {
  std::string known;
  for (const SamplerEntry& e : samplers()) {
    if (e.name == name) return e;
    known += (known.empty() ? "" : ", ") + std::string(e.name);
  }
  refuse("samplers: expected names among " + known + ", found " + quoted(name));
}

struct Place {
  const SamplerEntry* sampler;
  const Parameter* parameter;
};

Place find_parameter(std::string_view name) {
  std::string known;
  for (const SamplerEntry& e : samplers())
    for (const Parameter& p : e.parameters) {
      if (p.name == name) return {&e, &p};
      known += (known.empty() ? "" : ", ") + std::string(p.name);
    }
  refuse("sampling: expected settings among " + known + ", found " + quoted(name));
}

void check_texts(const Parameter& p, const std::vector<std::string>& texts) {
  if (static_cast<double>(texts.size()) > p.maximum)
    refuse(std::string(p.name) + ": expected at most " + number(p.maximum) + " texts, found " + std::to_string(texts.size()));
  for (const std::string& t : texts)
    if (t.empty()) refuse(std::string(p.name) + ": expected texts that are not empty, found an empty one");
}

void check_value(const Parameter& p, double v) {
  const bool whole = p.type == "number" || v == std::floor(v);
  if (v >= p.minimum && v <= p.maximum && whole) return;
  const char* kind = p.type == "number" ? "a number" : p.type == "boolean" ? "0 or 1" : "an integer";
  refuse(std::string(p.name) + ": expected " + kind + " from " + number(p.minimum) + " to " + number(p.maximum) + ", found " + number(v));
}

std::vector<const SamplerEntry*> ordered(const std::vector<std::string>& order) {
  std::vector<const SamplerEntry*> result;
  if (order.empty())
    for (const std::string_view name : default_order()) result.push_back(&find(name));
  for (const std::string& name : order) {
    const SamplerEntry* e = &find(name);
    if (std::find(result.begin(), result.end(), e) != result.end())
      refuse("samplers: expected each name once, found " + quoted(name) + " again");
    result.push_back(e);
  }
  return result;
}

// A setting that nothing would read is refused, unless it is what holds anyway.
void check_settings(const std::vector<Setting>& settings, const std::vector<const SamplerEntry*>& order) {
  for (const Setting& s : settings) {
    const Place at = find_parameter(s.name);
    const bool texts = at.parameter->type == "texts";
    texts ? check_texts(*at.parameter, s.texts) : check_value(*at.parameter, s.value);
    const bool used = std::find(order.begin(), order.end(), at.sampler) != order.end();
    if (!used && (texts || s.value != at.parameter->fallback))
      refuse(s.name + ": has no effect, because samplers does not name " + quoted(at.sampler->name) +
             "; add it there or leave the setting out");
  }
}

Given given(const SamplerEntry& e, const ChainOptions& options) {
  Given out;
  out.text_of = options.text_of;
  for (const Parameter& p : e.parameters) {
    const auto set = std::find_if(options.settings.rbegin(), options.settings.rend(), [&](const Setting& s) { return s.name == p.name; });
    const bool found = set != options.settings.rend();
    out.values.push_back(found ? set->value : p.fallback);
    out.texts.push_back(found ? set->texts : std::vector<std::string>(p.fallback_texts.begin(), p.fallback_texts.end()));
  }
  return out;
}

void check_bias(const std::vector<LogitBias>& bias) {
  for (const LogitBias& b : bias) {
    if (b.id < 0) refuse("bias: expected token ids from 0, found " + std::to_string(b.id));
    if (std::isnan(b.bias) || b.bias == -none)
      refuse("bias of token " + std::to_string(b.id) + ": expected a number or -infinity, found " + number(b.bias));
  }
}

// The last sampler that leaves a single best token decides alone where those before it only drop others.
void drop_idle_before_pick(std::vector<std::unique_ptr<Sampler>>& chain) {
  for (size_t i = chain.size(); i-- > 0;) {
    if (!chain[i]->picks_best()) continue;
    size_t first = i;
    while (first > 0 && chain[first - 1]->keeps_best()) first--;
    chain.erase(chain.begin() + static_cast<int64_t>(i) + 1, chain.end());  // nothing is left to choose
    chain.erase(chain.begin() + static_cast<int64_t>(first), chain.begin() + static_cast<int64_t>(i));
    return;
  }
}

struct Made {
  const SamplerEntry* entry;
  std::unique_ptr<Sampler> sampler;
};

// Beside one that chooses from the whole distribution: in an order that the caller gave, all run.
void drop_truncating(std::vector<Made>& made, const std::vector<Setting>& settings) {
  const auto all = std::find_if(made.begin(), made.end(), [](const Made& m) { return m.sampler->wants_all(); });
  if (all == made.end()) return;
  for (const Setting& s : settings)
    for (const Made& m : made)
      if (m.sampler->truncates() && find_parameter(s.name).sampler == m.entry)
        refuse(s.name + ": has no effect beside " + std::string(all->entry->name) +
               ", which chooses from all tokens: leave one of the two out, or give an order in samplers");
  std::erase_if(made, [](const Made& m) { return m.sampler->truncates(); });
}

// Whatever ran before, one candidate must be above -infinity.
void check_left(const Candidates& c, bool bound) {
  if (std::any_of(c.list.begin(), c.list.end(), [](const Candidate& x) { return x.logit > none; })) return;
  if (bound)
    throw Error(Code::argument, Literal{"sampling: no token is left to choose: of those that what the text is bound to allows here, the "
                                        "vocabulary has none, or logitBias, bannedStrings and ignoreEnd exclude all; exclude fewer"});
  throw Error(Code::argument, Literal{"sampling: no token is left to choose: logitBias and ignoreEnd exclude all of them; exclude fewer"});
}

}  // namespace

struct Chain::State {
  struct Ban {
    uint64_t step;
    int32_t id;
  };

  std::vector<std::unique_ptr<Sampler>> chain;
  std::vector<Memory> memory;  // of each
  std::vector<Memory> past;    // the same before each step, where steps may be taken back
  std::vector<LogitBias> bias;
  std::vector<int32_t> bans;  // ascending, of bias if it does nothing else
  bool only_bans = true;
  uint64_t expired = 0;  // from this step on, what holds for a while holds no more
  std::vector<Ban> taken_back;
  bool takes_back = false;
  size_t tokens = 0;
  uint64_t seed = 0;
  uint64_t step = 0;
  std::vector<bool> may;  // be chosen, of those who choose themselves

  void take(std::vector<LogitBias> given) {
    bias = std::move(given);
    for (const LogitBias& b : bias)
      if (b.steps != LogitBias::always)
        expired = std::max(expired, b.steps);
      else
        b.bias == none ? bans.push_back(b.id) : void(only_bans = false);
    std::sort(bans.begin(), bans.end());
    bans.erase(std::unique(bans.begin(), bans.end()), bans.end());
  }

  bool banned(int32_t id) const { return std::binary_search(bans.begin(), bans.end(), id); }

  // The candidates that the first sampler can keep, bias applied.
  void fill(std::vector<Candidate>& list, std::span<const float> logits, std::span<const uint64_t> allowed) const {
    const bool none_back = std::none_of(taken_back.begin(), taken_back.end(), [this](const Ban& b) { return b.step == step; });
    const size_t kept = chain.empty() ? logits.size() : std::min(chain.front()->most_kept(), logits.size());
    if (only_bans && step >= expired && none_back && kept < logits.size()) {  // among the best of so many more, so many are not banned
      list_best(list, logits, std::min(kept + bans.size(), logits.size()));
      if (!bans.empty()) std::erase_if(list, [this](const Candidate& c) { return banned(c.id); });
      if (allowed.empty()) return;
      std::erase_if(list, [allowed](const Candidate& c) { return !is_allowed(allowed, c.id); });
      if (list.size() >= kept) return;  // else some that it can keep are behind the best of all
    }
    fill_all(list, logits, allowed);
  }

  void fill_all(std::vector<Candidate>& list, std::span<const float> logits, std::span<const uint64_t> allowed) const {
    allowed.empty() ? list_all(list, logits) : list_allowed(list, logits, allowed);
    for (const LogitBias& b : bias) {
      if (step >= b.steps) continue;
      if (float* logit = logit_in(list, b.id)) *logit = b.bias == none ? none : *logit + b.bias;
    }
    for (const Ban& b : taken_back)
      if (float* logit = b.step == step ? logit_in(list, b.id) : nullptr) *logit = none;
  }

  // Of a list by ascending ids.
  static float* logit_in(std::vector<Candidate>& list, int32_t id) {
    const auto at = std::lower_bound(list.begin(), list.end(), id, [](const Candidate& c, int32_t i) { return c.id < i; });
    return at == list.end() || at->id != id ? nullptr : &at->logit;
  }
};

Chain::Chain(ChainOptions options) : state_(std::make_unique<State>()) {
  const std::vector<const SamplerEntry*> order = ordered(options.order);
  check_settings(options.settings, order);
  check_bias(options.bias);
  std::vector<Made> made;
  for (const SamplerEntry* e : order)
    if (std::unique_ptr<Sampler> one = e->make(given(*e, options))) made.push_back({e, std::move(one)});
  if (options.order.empty()) drop_truncating(made, options.settings);
  for (Made& m : made) state_->chain.push_back(std::move(m.sampler));
  drop_idle_before_pick(state_->chain);
  for (const std::unique_ptr<Sampler>& s : state_->chain) state_->memory.push_back(s->first());
  state_->takes_back = options.takes_back;
  state_->take(std::move(options.bias));
  state_->tokens = options.tokens;
  state_->seed = options.seed;
}

Chain::~Chain() = default;

Choice Chain::choose(std::span<const float> logits, std::span<const int32_t> history, int top_logprobs, std::span<const uint64_t> allowed) {
  if (logits.empty() || state_->tokens == 0) throw Error(Code::internal, Literal{"sampling: expected logits, found none"});
  static thread_local std::vector<Candidate> list;  // one a thread, not one a request: a vocabulary is long
  state_->fill(list, logits.first(std::min(logits.size(), state_->tokens)), allowed);
  Candidates c{list, false, history, state_->seed, state_->step};
  check_left(c, !allowed.empty());
  if (state_->takes_back) state_->past.insert(state_->past.end(), state_->memory.begin(), state_->memory.end());
  for (size_t i = 0; i < state_->chain.size(); i++) {
    c.memory = &state_->memory[i];
    state_->chain[i]->apply(c);
  }
  check_left(c, !allowed.empty());
  Choice choice{draw(c), 0, {}};
  state_->step++;
  if (top_logprobs >= 0) {
    const LogSoftmax log_p(logits);
    choice.logprob = log_p(choice.id);
    choice.top = log_p.best(top_logprobs);
  }
  return choice;
}

std::vector<float> Chain::ask(std::span<const float> logits, std::span<const uint64_t> allowed) {
  State& s = *state_;
  std::vector<Candidate> list;
  s.fill_all(list, logits.first(std::min(logits.size(), s.tokens)), allowed);
  check_left({list}, !allowed.empty());
  std::vector<float> out(logits.size(), none);
  s.may.assign(logits.size(), false);
  for (const Candidate& c : list) {
    out[static_cast<size_t>(c.id)] = c.logit;
    s.may[static_cast<size_t>(c.id)] = c.logit > none;
  }
  if (s.takes_back) s.past.insert(s.past.end(), s.memory.begin(), s.memory.end());
  s.step++;
  return out;
}

void Chain::answered(int32_t id) {
  const std::vector<bool>& may = state_->may;
  if (id >= 0 && static_cast<size_t>(id) < may.size() && may[static_cast<size_t>(id)]) return;
  throw Error(Code::argument, "sample: expected the id of a token whose logit is above -Infinity, found " + std::to_string(id));
}

void Chain::take_back(uint64_t steps, int32_t banned) {
  State& s = *state_;
  s.step -= steps;
  const auto before = static_cast<int64_t>(s.step * s.memory.size());
  std::copy_n(s.past.begin() + before, s.memory.size(), s.memory.begin());
  s.past.resize(static_cast<size_t>(before));
  std::erase_if(s.taken_back, [&](const State::Ban& b) { return b.step > s.step; });
  s.taken_back.push_back({s.step, banned});
}

}  // namespace lt::sample
