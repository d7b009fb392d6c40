// Samplers: each a file that declares its parameters and changes a list of candidates. Chosen and ordered by name.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lt::sample {

struct Candidate {
  int32_t id;
  float logit;
};

// What a sampler sees and changes. Invariant between samplers: at least one candidate stays, and the best is above -infinity.
struct Candidates {
  std::vector<Candidate>& list;
  bool sorted = false;               // by logit, descending, lower id first among equals
  std::span<const int32_t> history;  // prompt and generated tokens, oldest first
};

struct LogitBias {
  int32_t id;
  float bias;  // -infinity bans
};

// One number each: integers and booleans are stored as double.
struct Parameter {
  std::string_view name;  // the word in TypeScript; the CLI flag is its kebab form
  std::string_view type;  // "number", "integer" or "boolean"
  double minimum, maximum, fallback;
  std::string_view sentence;  // for people
};

class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual void apply(Candidates& candidates) const = 0;
  // The best candidate stays and stays the best: before a sampler that picks the best, such a one is left out.
  virtual bool keeps_best() const { return false; }
  virtual bool picks_best() const { return false; }
  // It keeps no others than this many best ones: where it comes first, the rest of the vocabulary is never listed.
  virtual size_t most_kept() const { return static_cast<size_t>(-1); }
};

struct SamplerEntry {
  std::string_view name;  // in `samplers: [...]` and --samplers
  std::string_view sentence;
  std::span<const Parameter> parameters;
  // values in the order of parameters. Null where they make it do nothing.
  std::unique_ptr<Sampler> (*make)(std::span<const double> values);
};

std::span<const SamplerEntry> samplers();           // all, by name
std::span<const std::string_view> default_order();  // as used when none is given

struct Setting {
  std::string name;  // of a parameter
  double value;
};

struct ChainOptions {
  std::vector<Setting> settings;   // parameters not named have their fallback
  std::vector<std::string> order;  // sampler names; empty: default_order()
  std::vector<LogitBias> bias;     // applied first
  uint64_t seed = 0;
  size_t tokens = static_cast<size_t>(-1);  // the first logits are of so many tokens; those behind are padding, and never chosen
};

struct Logprob {
  int32_t id;
  float logprob;  // natural, of the model's own distribution before any sampler
};

struct Choice {
  int32_t id;
  float logprob;
  std::vector<Logprob> top;  // best first
};

// One a generation: the samplers in order, then the draw. Temperature 0 is greedy (lowest id among equals). The random
// number of step n depends on the seed and n alone, so the same request gives the same tokens whatever runs beside it.
class Chain {
 public:
  explicit Chain(ChainOptions options);  // throws Code::argument naming the parameter, its range and what was found
  ~Chain();
  // Logits that are not numbers are never chosen. Throws Code::argument where no token is left to choose.
  Choice choose(std::span<const float> logits, std::span<const int32_t> history, int top_logprobs);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lt::sample
