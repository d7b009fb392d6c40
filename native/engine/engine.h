// A loaded model and the one thread that runs it. Never N-API: results leave through a sink, at most one call a step.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "comm/comm.h"
#include "core/backend.h"
#include "core/error.h"
#include "core/model.h"
#include "gguf/file.h"
#include "grammar/binding.h"
#include "sample/sampler.h"
#include "tokenize/tokenizer.h"

namespace lt::engine {

// Guesses what comes next in a text: appends at most `most` token ids to `drafts`. The engine computes them in the step of the last token
// and keeps those that the request's own sampler chooses: no result depends on a guess, and right ones save steps. From the engine's
// thread.
using Propose = std::function<void(std::span<const int32_t> tokens, int64_t most, std::vector<int32_t>& drafts)>;

// A file beside the model's whose changes requests may ask for: a LoRA (GGUF, or a PEFT folder), or a control vector (GGUF).
struct AdapterOption {
  static constexpr int64_t last_layer = INT32_MAX;

  std::string path, name;
  double scale = 1;                      // of requests that say nothing of adapters; 0: these go without
  bool steers = false;                   // a control vector
  int64_t first = 1, last = last_layer;  // its layers
};

// How much of one of them a request has.
struct AdapterShare {
  int32_t id;  // in the order of EngineOptions::adapters
  float scale;
};
struct AdapterWish {
  std::string name;
  double scale = 1;
};

struct EngineOptions {
  static constexpr int64_t fit_layers = -1, all_layers = -2, every_layer = -1;
  static constexpr int64_t default_context = 8192;

  std::string backend = "auto";      // a name of core's registry, "vulkan:1" for its second device; auto: a device, else the CPU
  std::string isa;                   // of the CPU, or the variant of a device's kernels, forced by name; empty: the best
  int64_t gpu_layers = fit_layers;   // the last so many on the device; more than there are, or all_layers: the head and table too
  std::vector<int64_t> cpu_experts;  // layers whose experts the CPU computes, whoever computes the rest of them; every_layer: all
  int threads = 0;                   // 0: physical cores within affinity and cgroup quota; measured_threads: what is fastest
  int64_t context_tokens = 0;        // KV positions shared by all requests; 0: min(the model's length, 8192)
  int64_t batch_tokens = 0;          // rows of a step at most; 0: 512, of texts that are read whole the context
  int64_t max_sequences = 32;        // requests decoded together
  bool takes_embeddings = false;     // requests may give rows of their prompts as embeddings
  double step_ms = 50;               // about as long as a step takes while somebody's text is generated
  int64_t state_memory = 256 << 20;  // bytes for states that beginnings of texts are known by, beside the running requests'
  std::string cache_type = "f16";    // f16, f32, q8_0
  std::string pre_tokenizer;         // by its name, whatever the file says; empty: the file's
  bool mmap = true;                  // false: who opens the file reads it into memory of the process's own
  bool huge_pages = true;            // weights that are mapped are moved into huge pages meanwhile, where memory allows
  std::vector<AdapterOption> adapters;
  Propose propose;                   // empty: nothing is guessed
  bool encoder = false;              // of a model that encodes texts and writes others, what encodes alone; others are whole
  bool exact_ranks = false;          // several ranks give the bits of one, at the cost of more to send
  std::shared_ptr<comm::Comm> comm;  // the ranks that load together; null: those that a launcher started, if any
  std::function<std::unique_ptr<Backend>(std::unique_ptr<Backend>)> wrap;  // around each backend that is opened, where given
};

struct MemoryInfo {                      // bytes
  uint64_t weights;                      // of the mapped file, shared with the page cache
  uint64_t kv, states, scratch, tables;  // allocated at load; states: of recurrent layers; tables: vocabulary and the like
  uint64_t adapters;                     // on whichever side their layers are
  uint64_t device;                       // of the device's own memory, with its copies of weights
};

struct ModelInfo {
  std::string architecture, name, file_type, backend;
  uint64_t parameters, file_bytes;
  int64_t layers, width, heads, kv_heads, vocabulary, trained_context, context_tokens;
  int64_t device_layers;
  int threads;
  int decode_threads;  // of steps with few rows
  bool head = true;    // it predicts tokens; false: hidden rows alone
  bool takes_embeddings = false;
  int64_t text_at_once = 0;         // tokens of a text, which is computed in one step; 0: in any number
  int64_t decoder_start = -1;       // of an encoder and a decoder: the token that the decoder's texts begin with; -1: there is no encoder
  int64_t types = 1;                // texts of one request that it tells apart
  Pooling pooling = Pooling::none;  // as the file says
  int64_t vector_columns = 0;       // of a pooled text
  int64_t outputs = 0;              // scores of a text; 0: it gives none
  std::vector<std::string> labels;  // of them, where the file names them
  MemoryInfo memory;
  std::vector<AdapterOption> adapters;
  std::string chat_template;                                         // empty: none in the file
  std::vector<std::pair<std::string, std::string>> named_templates;  // further ones, by their names
  std::string rerank_template;  // what a reranker is asked, with {query} and {document}; empty: it takes a pair of texts
  int64_t separator = -1;       // the token between two texts; -1: none
  std::string ranks;            // how several ranks divide it; empty: one rank

  bool has_encoder() const { return decoder_start >= 0; }
  // Tokens of one request, prompt and completion. Behind an encoder: of the text that is read, and of the one that is written.
  int64_t longest() const { return std::min(trained_context, context_tokens); }
};

// Added to the logits of the tokens of a text, for the first `tokens` that are chosen.
struct TextBias {
  std::string text;
  float bias;
  uint64_t tokens = sample::LogitBias::always;
};

// What a text is bound to. It ends where it is whole and nothing can follow, or where it is whole and the model ends it.
struct Bound {
  std::shared_ptr<grammar::Binding> to;  // null: nothing
  std::string prefix;                    // how the bound text begins: it is the prompt's end
  // Marks of reasoning, behind which the bound text begins; opened: it has begun in the prompt. Empty: there is none.
  std::string open, close;
  bool opened = false;
  bool canonical = false;  // what must come is cut into tokens as the tokenizer cuts it
};

// A text is continued.
struct Generate {
  int64_t max_tokens = -1;  // -1: up to the end of the context
  std::vector<std::string> stop;
  std::vector<std::string> banned;  // strings that the text never has: where one comes, it is taken back to the token it begins in
  std::vector<TextBias> text_bias;
  bool asks = false;            // who submitted it chooses: reports bring logits, and the request waits for answer() behind each
  bool spell_controls = false;  // control tokens are part of the text, as they are spelled
  bool ignore_end = false;      // no end-of-generation token is chosen
  Bound bound;
  sample::ChainOptions sampling;
  int top_logprobs = -1;  // -1: no log-probabilities, 0: of the chosen, n: and of the n best
};
struct Score {};  // a row of logits of each token
struct Embed {    // a hidden row of each token, behind the last norm; or one vector of the text, or its scores
  Pooling pooling = Pooling::none;
};

struct Request {
  uint64_t tag = 0;  // the caller's own name for it, told in each report
  std::vector<int32_t> prompt;
  // Of a model with an encoder, which reads the prompt, what the decoder's text begins with; empty: the model's own first token.
  std::vector<int32_t> decoder;
  // Set by the engine, which then has both in `prompt`, each from the beginning of a page on: how many tokens are encoded.
  int64_t encoded = 0;
  std::vector<int32_t> types;  // of each token, the text of a pair that it is of; empty: all of the first
  bool tells_reading = false;  // reports also tell how much of the prompt was read
  uint64_t salt = 0;           // what of a text its tokens do not say: two requests share beginnings only where it is the same
  // Places of the prompt, ascending, that come as embeddings, and these, width values each; what the prompt has there says nothing. Needs a
  // salt.
  std::vector<int32_t> given_at;
  std::vector<float> given;
  std::optional<std::vector<AdapterWish>> adapters;  // none said: those that the model was loaded with, with their scales
  std::vector<AdapterShare> shares;                  // set by the engine: those, by number, none with a scale of 0
  std::variant<Generate, Score, Embed> kind;

  bool generates() const { return std::holds_alternative<Generate>(kind); }
  bool embeds() const { return std::holds_alternative<Embed>(kind); }
  bool pools() const { return embeds() && std::get<Embed>(kind).pooling != Pooling::none; }
  int32_t type_of(int32_t place) const { return types.empty() ? 0 : types[static_cast<size_t>(place)]; }
  Generate& generate() { return std::get<Generate>(kind); }
  const Generate& generate() const { return std::get<Generate>(kind); }
};

// stop: an end-of-generation token; length: max_tokens came; context: the end of the context came before.
enum class Finish : uint8_t { none, stop, length, context, stop_string, aborted, failed };

struct TokenOut {
  int32_t id;
  float logprob;
  std::vector<sample::Logprob> top;
};

// What became of a request since the last report.
struct Report {
  uint64_t request = 0, tag = 0;
  std::string text;  // whole UTF-8 characters
  std::vector<TokenOut> tokens;
  std::vector<float> rows;    // Score, Embed: the next, or what was made of all
  std::vector<float> logits;  // Generate::asks: of what is to be chosen now; -infinity: must not be
  Finish finish = Finish::none;
  std::optional<Error> error;  // failed
  std::string stop_string;     // the one that was met
  bool complete = true;        // of a text that is bound: it is whole, nothing of it is missing
  bool cut_character = false;  // length, context: the last tokens began a character, which is not in the text
  int64_t prompt_tokens = 0, cached_tokens = 0, completion_tokens = 0;
  int64_t prompt_read = 0;                              // tells_reading: tokens of the prompt that are computed
  double queued_ms = 0, prefill_ms = 0, decode_ms = 0;  // set at the finish
};

// From the engine's thread, at most one report of a request at a time. May throw as long as it has taken none of them: each is then
// delivered alone, and one that cannot be makes its request fail with what was thrown.
using Sink = std::function<void(std::vector<Report>&&)>;
using Progress = std::function<bool(double fraction)>;  // false: stop loading

class Engine {
 public:
  // Loads and allocates everything, then starts the thread. Throws Error. Progress returning false throws Code::disposed.
  static std::unique_ptr<Engine> load(std::shared_ptr<const gguf::File> file, const EngineOptions& options, Sink sink,
                                      const Progress& progress);
  virtual ~Engine() = default;  // stops the thread; what is unfinished is reported as failed with Code::disposed

  // Thread-safe. Throws Code::argument, Code::context for what can be told at once.
  virtual uint64_t submit(Request request) = 0;
  virtual void abort(uint64_t request) noexcept = 0;  // also while its prompt is read; reported as aborted
  // What was chosen from the logits of its last report. Without effect on a request that ended or asks nothing; a token that must not be
  // chosen fails it with Code::argument.
  virtual void answer(uint64_t request, int32_t id) = 0;

  virtual const ModelInfo& info() const = 0;
  virtual const tokenize::Tokenizer& tokenizer() const = 0;
  virtual std::shared_ptr<const tokenize::Tokenizer> shared_tokenizer() const = 0;  // may outlive the engine
  virtual std::shared_ptr<grammar::LazyVocabulary> words() const = 0;               // the same
};

}  // namespace lt::engine
