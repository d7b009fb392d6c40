// From a file to a running engine: the options, the sizes, the memory.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>

#include "comm/world.h"
#include "convert/adapter.h"
#include "core/text.h"
#include "core/thread_choice.h"
#include "engine/beside.h"
#include "engine/loaded_model.h"
#include "engine/rank_loading.h"
#include "gguf/file_type.h"
#include "quant/type.h"

namespace lt::engine {
namespace {

constexpr int64_t default_batch = 512;
constexpr Type q8_0 = Type{8};

void check_range(const char* name, int64_t value, int64_t low, int64_t high) {
  if (value >= low && value <= high) return;
  throw Error(Code::argument,
              std::string(name) + ": expected " + std::to_string(low) + " to " + std::to_string(high) + ", found " + std::to_string(value));
}

// The pool may be larger than the model's length: many requests share it, none is longer than the model was trained for.
int64_t context_of(const EngineOptions& o, const Shape& s) {
  const int64_t texts = s.encoder > 0 ? 2 : 1;  // of a request
  return o.context_tokens ? o.context_tokens : std::clamp<int64_t>(texts * s.trained_context, 1, EngineOptions::default_context);
}

int64_t up(int64_t n, int64_t unit) { return (n + unit - 1) / unit; }

// Of a group with a window: what so many requests need at once, windows and what a step adds, though no more than all tokens. In a long
// context more requests than these wait for one another, or the windows would take what they save.
int64_t pages_of(int64_t reach, int64_t rows, int64_t sequences, int64_t context) {
  constexpr int64_t windows = 8, always = EngineOptions::default_context / page;
  const int64_t all = up(context, page), window = window_pages(reach), step = up(rows, page);
  if (reach == 0) return all;
  return std::min({all, sequences * window + step, std::max(windows * window + step, always)});
}

CacheSize cache_size(const EngineOptions& o, const Shape& s, int64_t rows, int64_t sequences, int64_t context) {
  CacheSize size;
  int64_t state = 0;
  bool keys = false;
  for (const LayerShape& l : s.layers) state += 4 * l.state, keys = keys || l.kv;
  if (keys) size.reach = groups_of(s).reach;
  for (size_t g = 0; g < size.reach.size(); g++) size.pages[g] = pages_of(size.reach[g], rows, sequences, context);
  if (state == 0) return size;
  const int64_t most = 2 * up(context, page), kept = std::clamp<int64_t>(o.state_memory / state, 2, std::max<int64_t>(2, most));
  size.states = sequences + kept;
  size.state_every = up(most, kept);
  return size;
}

BatchSize size_of(const EngineOptions& o, const Shape& s, int64_t context) {
  const int64_t usual = s.looks_ahead ? context : s.encoder > 0 ? std::max(default_batch, s.trained_context) : default_batch;
  const int64_t rows = std::min(o.batch_tokens ? o.batch_tokens : usual, context);
  const int64_t sequences = std::min(o.max_sequences, rows);  // each has a row of every step
  const int64_t outputs = s.head ? sequences + std::min(rows, logit_rows) : rows;
  return {rows,
          sequences,
          outputs,
          cache_size(o, s, rows, sequences, context),
          cache_type(o.cache_type, s),
          o.takes_embeddings,
          std::ssize(o.adapters)};
}

void check_names(const std::vector<AdapterOption>& adapters) {
  std::set<std::string> names;
  for (const AdapterOption& a : adapters) {
    if (!names.insert(a.name).second)
      throw Error(Code::argument, "adapters: expected names that differ, found \"" + shown(a.name) + "\" twice; give them names");
    if (!std::isfinite(a.scale)) throw Error(Code::argument, "adapters: expected a scale that is a number, of \"" + shown(a.name) + "\"");
    if (a.first < 1 || a.last < a.first)
      throw Error(Code::argument, "controlVectors: expected layers from 1 up, the first not behind the last, found " +
                                      std::to_string(a.first) + " to " + std::to_string(a.last));
  }
}

std::vector<model::AdapterFile> open_adapters(const EngineOptions& o, const gguf::File& base) {
  std::vector<model::AdapterFile> files;
  for (const AdapterOption& a : o.adapters) files.push_back({convert::open_adapter(a.path, base), a.name, a.steers, a.first, a.last});
  return files;
}

// Reads the file ahead on its own thread; tells how far it is on the caller's.
class Prefetch {
 public:
  // wanted: of the file, or null for all of it.
  Prefetch(const gguf::File& file, const std::vector<gguf::File::Bytes>* wanted)
      : reader_([this, &file, wanted] {
          const auto stop = [this](double fraction) { return at(fraction); };
          try {
            wanted ? file.prefetch(*wanted, stop) : file.prefetch(stop);
          } catch (...) {
            at(done);
            throw;
          }
          at(done);
        }) {}
  ~Prefetch() { stop(); }

  void wait(const Progress& progress) {
    for (bool waiting = true; waiting;) {
      {
        std::unique_lock lock(mutex_);
        waiting = !changed_.wait_for(lock, std::chrono::milliseconds(20), [this] { return fraction_ == done; });
      }
      tell(progress, fraction());
    }
    reader_.join();
  }
  static void tell(const Progress& progress, double fraction) {
    if (progress && !progress(fraction)) throw Error(Code::disposed, "loading was stopped");
  }
  double fraction() {
    const std::lock_guard lock(mutex_);
    return std::min(fraction_, 1.0);
  }

 private:
  bool at(double fraction) {
    const std::lock_guard lock(mutex_);
    fraction_ = std::max(fraction_, fraction);
    changed_.notify_all();
    return !stop_;
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }

  static constexpr double done = 2;  // also where reading failed
  std::mutex mutex_;
  std::condition_variable changed_;
  double fraction_ = 0;
  bool stop_ = false;
  Beside reader_;
};

int64_t parameters_of(const gguf::File& file) {
  int64_t sum = 0;
  for (const gguf::HostTensor& t : file.tensors()) sum += t.rows() * t.cols();
  return sum;
}

// `tokenizer.chat_template.NAME`, but for what a reranker is asked, which is no conversation.
std::vector<std::pair<std::string, std::string>> named_templates_of(const gguf::File& file) {
  constexpr std::string_view prefix = "tokenizer.chat_template.";
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& field : file.metadata()) {
    const std::string key(field.first);
    if (!key.starts_with(prefix) || key == "tokenizer.chat_template.rerank") continue;
    if (auto source = file.string(key)) out.emplace_back(key.substr(prefix.size()), *source);
  }
  return out;
}

// GGUF spells the key so. Where it is absent, the token that ends a text does it.
int64_t separator_of(const gguf::File& file) {
  for (const char* key : {"tokenizer.ggml.seperator_token_id", "tokenizer.ggml.eos_token_id"})
    if (const auto id = file.u64(key)) return static_cast<int64_t>(std::min<uint64_t>(*id, INT32_MAX));
  return -1;
}

ModelInfo describe(const gguf::File& file, const Placement& placed, int64_t context, Ranks* ranks) {
  const Shape& s = placed.shape;
  ModelInfo info{};
  info.architecture = file.string("general.architecture").value_or("");
  info.name = file.string("general.name").value_or("");
  info.file_type = gguf::file_type(file);
  info.backend = placed.backend;
  info.parameters = static_cast<uint64_t>(parameters_of(file));
  info.file_bytes = file.bytes();
  info.layers = s.count();
  info.device_layers = placed.device_layers;
  info.width = s.width;
  info.heads = s.heads;
  for (const LayerShape& l : s.layers)
    if (l.kv) info.kv_heads = std::max(info.kv_heads, l.kv->heads);
  info.head = s.head;
  info.takes_embeddings = placed.size.takes_embeddings;
  info.text_at_once = s.looks_ahead || s.encoder > 0 ? placed.size.rows : 0;
  info.decoder_start = s.decoder_start;
  info.types = s.types;
  info.vector_columns = s.width;
  if (const Readout* readout = placed.readout()) {
    info.pooling = readout->pooling(), info.vector_columns = readout->columns();
    info.outputs = readout->outputs(), info.labels = readout->labels();
  }
  info.vocabulary = s.vocabulary;
  info.trained_context = s.trained_context;
  info.context_tokens = context;
  info.threads = info.decode_threads = placed.threads;
  info.memory = placed.memory;
  info.chat_template = file.string("tokenizer.chat_template").value_or("");
  info.named_templates = named_templates_of(file);
  info.rerank_template = file.string("tokenizer.chat_template.rerank").value_or("");
  info.separator = separator_of(file);
  if (ranks) {
    info.ranks = ranks->division().text();
    info.heads = ranks->division().heads, info.kv_heads = ranks->division().kv_heads;
  }
  return info;
}

// Rows of the token table beyond the last token are padding, as many models have it; a token without a row is none.
void check_vocabulary(const gguf::File& file) {
  const gguf::Array* array = file.array("tokenizer.ggml.tokens");
  const auto* tokens = array ? std::get_if<std::vector<std::string_view>>(array) : nullptr;
  const gguf::HostTensor* table = file.tensor("token_embd.weight");
  if (!tokens || !table || table->dims[1] >= static_cast<int64_t>(tokens->size())) return;
  throw Error(Code::format, "tokenizer.ggml.tokens: expected at most " + std::to_string(table->dims[1]) +
                                " tokens, as token_embd.weight has rows, found " + std::to_string(tokens->size()) +
                                ": the vocabulary is another model's");
}

// Of the vocabulary: a token's text, its entry in a hash table and its score; a merge's pair and rank.
uint64_t table_bytes(const gguf::File& file) {
  uint64_t bytes = 0;
  for (const char* key : {"tokenizer.ggml.tokens", "tokenizer.ggml.merges"})
    if (const gguf::Array* a = file.array(key))
      if (const auto* strings = std::get_if<std::vector<std::string_view>>(a)) bytes += strings->size() * 96;
  return bytes;
}

// On the side of the host, whose weights can be read by now; the model's description tells the outcome.
void choose_threads(LoadedModel& parts) {
  for (Side& side : parts.sides) {
    auto* const of = dynamic_cast<ChoosesThreads*>(side.backend.get());
    if (!of) continue;
    const std::string before = side.backend->description();
    of->choose_threads();
    parts.info.threads = side.backend->threads(), parts.info.decode_threads = of->decode_threads();
    if (parts.threads > 0) parts.threads = parts.info.threads;
    if (const size_t at = parts.info.backend.find(before); at != std::string::npos)
      parts.info.backend.replace(at, before.size(), side.backend->description());
  }
}

}  // namespace

Type cache_type(const std::string& name, const Shape& s) {
  if (name == "f16") return Type::f16;
  if (name == "f32") return Type::f32;
  if (name != "q8_0") throw Error(Code::argument, "cacheType: expected f16, f32 or q8_0, found \"" + name.substr(0, 64) + "\"");
  const int64_t block = quant::info(q8_0).values;
  for (const LayerShape& l : s.layers)
    if (l.kv && (l.kv->key_dim % block || l.kv->value_dim % block))
      throw Error(Code::argument, "cacheType: q8_0 needs heads of a multiple of " + std::to_string(block) + " columns, this model's have " +
                                      std::to_string(l.kv->key_dim) + " and " + std::to_string(l.kv->value_dim) + "; use f16");
  return q8_0;
}

LoadedModel assemble(std::shared_ptr<const gguf::File> file, const EngineOptions& options, const Progress& progress,
                     std::unique_ptr<Ranks> ranks) {
  check_vocabulary(*file);
  LoadedModel parts;
  parts.file = file;
  parts.ranks = std::move(ranks);
  Ranks* const several = parts.ranks.get();
  std::optional<Prefetch> prefetch;
  if (!several) prefetch.emplace(*file, nullptr);
  Beside tokenizer([&] {
    if (!several || several->leads()) parts.tokenizer = tokenize::Tokenizer::load(file, options.pre_tokenizer);
  });
  const auto size_of_step = [&](const Shape& s) { return size_of(options, s, context_of(options, s)); };
  Placement placed = place(*file, options, size_of_step, table_bytes(*file), several, open_adapters(options, *file));
  if (several) prefetch.emplace(*file, &several->division().read);  // of its weights alone, now that they are known
  Prefetch::tell(progress, prefetch->fraction());
  parts.info = describe(*file, placed, context_of(options, placed.shape), several);
  parts.info.adapters = options.adapters;
  parts.readout = placed.readout();
  parts.sides = std::move(placed.sides);
  parts.step_ms = options.step_ms;
  parts.propose = options.propose;
  parts.settles = options.huge_pages && !several && placed.device_layers == 0;
  parts.threads = placed.device_layers > 0 ? std::max(0, options.threads) : placed.threads;
  parts.batch = std::make_unique<Batch>(std::move(placed.stages), std::move(placed.order), placed.shape, placed.size);

  tokenizer.join();
  prefetch->wait(progress);
  if (options.threads == measured_threads) choose_threads(parts);
  Prefetch::tell(progress, 1);
  return parts;
}

std::unique_ptr<Engine> Engine::load(std::shared_ptr<const gguf::File> file, const EngineOptions& options, Sink sink,
                                     const Progress& progress) {
  check_range("contextTokens", options.context_tokens, 0, 1 << 30);
  check_range("batchTokens", options.batch_tokens, 0, 65536);
  check_range("maxSequences", options.max_sequences, 1, 4096);
  check_names(options.adapters);
  const auto comm = options.comm ? options.comm : comm::world();
  if (!comm || comm->size() == 1) return start(assemble(file, options, progress, nullptr), std::move(sink));
  return start(lead(comm, file, options, progress), std::move(sink));
}

}  // namespace lt::engine
