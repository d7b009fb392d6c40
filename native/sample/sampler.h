// Samplers: each a file that declares its parameters and changes a list of candidates. Chosen and ordered by name.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
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

// What a sampler keeps of its steps for the next one; what the numbers are is its own.
using Memory = std::array<double, 2>;

// What a sampler sees and changes. Invariant between samplers: at least one candidate stays, and the best is above -infinity.
struct Candidates {
  std::vector<Candidate>& list;
  bool sorted = false;                    // by logit, descending, lower id first among equals
  std::span<const int32_t> history = {};  // prompt and generated tokens, oldest first
  uint64_t seed = 0, step = 0;            // which random numbers are the step's
  Memory* memory = nullptr;               // of the sampler at work
};

struct LogitBias {
  static constexpr uint64_t always = static_cast<uint64_t>(-1);
  int32_t id;
  float bias;               // -infinity bans
  uint64_t steps = always;  // it holds for so many tokens that are chosen, and no longer
};

// One number each: integers and booleans are stored as double. Or texts, of which minimum and maximum are how many there may be.
struct Parameter {
  std::string_view name;  // the word in TypeScript; the CLI flag is its kebab form
  std::string_view type;  // "number", "integer", "boolean" or "texts"
  double minimum, maximum, fallback;
  std::string_view sentence;                              // for people
  std::span<const std::string_view> fallback_texts = {};  // of "texts"
};

using TokenText = std::function<std::string_view(int32_t id)>;

// What a sampler is made of: values in the order of its parameters.
struct Given {
  std::vector<double> values;
  std::vector<std::vector<std::string>> texts;
  TokenText text_of;  // the bytes of a token; may be empty

  double operator[](size_t i) const { return values[i]; }
};

class Sampler {
 public:
  virtual ~Sampler() = default;
  virtual void apply(Candidates& candidates) const = 0;
  // The best candidate stays and stays the best: before a sampler that picks the best, such a one is left out.
  virtual bool keeps_best() const { return false; }
  virtual bool picks_best() const { return false; }
  // It drops candidates by their probability alone.
  virtual bool truncates() const { return keeps_best(); }
  // It chooses from the whole distribution by itself: in the default order, the samplers that only drop candidates do not run.
  virtual bool wants_all() const { return false; }
  virtual Memory first() const { return {}; }  // before the first step
  // It keeps no others than this many best ones: where it comes first, the rest of the vocabulary is never listed.
  virtual size_t most_kept() const { return static_cast<size_t>(-1); }
};

struct SamplerEntry {
  std::string_view name;  // in `samplers: [...]` and --samplers
  std::string_view sentence;
  std::span<const Parameter> parameters;
  // Null where the values make it do nothing.
  std::unique_ptr<Sampler> (*make)(const Given& values);
};

std::span<const SamplerEntry> samplers();           // all, by name
std::span<const std::string_view> default_order();  // as used when none is given

struct Setting {
  std::string name;  // of a parameter
  double value;
  std::vector<std::string> texts = {};  // of one of texts
};

struct ChainOptions {
  std::vector<Setting> settings;   // parameters not named have their fallback
  std::vector<std::string> order;  // sampler names; empty: default_order()
  std::vector<LogitBias> bias;     // applied first
  uint64_t seed = 0;
  TokenText text_of = {};                   // the bytes of a token, for samplers that look at text
  bool takes_back = false;                  // take_back() will be called
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
  // Logits that are not numbers are never chosen, nor, where `allowed` has a bit a token, those whose bit is not set: no sampler sees
  // them. Throws Code::argument where no token is left to choose.
  Choice choose(std::span<const float> logits, std::span<const int32_t> history, int top_logprobs, std::span<const uint64_t> allowed = {});
  // The logits that whoever chooses himself may choose from, bias applied; then what he chose, which throws Code::argument where he may
  // not.
  std::vector<float> ask(std::span<const float> logits, std::span<const uint64_t> allowed = {});
  void answered(int32_t id);
  // The last `steps` choices are made again, the first of them with any other token than `banned`.
  void take_back(uint64_t steps, int32_t banned);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lt::sample
