// A model whose next token is a hash of all tokens before it, read back from the paged cache: a wrong page, position, shared or
// lost prefix changes what it says. Its definition needs no cache, so that it says what a request must give.
#pragma once
#include <cmath>
#include <condition_variable>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "check/allocations.h"
#include "check/check.h"
#include "engine/loaded_model.h"

namespace lt::check {

constexpr int32_t fake_vocabulary = 64, fake_end = 1;

inline uint64_t fake_mix(uint64_t h, uint64_t v) {
  h = (h ^ v) * 0x9e3779b97f4a7c15u;
  return h ^ (h >> 29);
}

// 32 bits of all tokens so far.
inline uint32_t fake_hash(std::span<const int32_t> tokens) {
  uint64_t h = 7;
  for (const int32_t t : tokens) h = fake_mix(h, static_cast<uint64_t>(t));
  return static_cast<uint32_t>(h);
}

inline std::vector<float> fake_logits(uint32_t hash) {
  std::vector<float> logits(fake_vocabulary);
  for (size_t v = 0; v < logits.size(); v++) logits[v] = static_cast<float>(fake_mix(hash, v + 1) % 4096) / 512;
  logits[fake_end] -= 4;
  return logits;
}

class FakeOps final : public Ops {
 public:
  Scratch& scratch() override { return scratch_; }
  using Ops::matmul;
#define LT_NOTHING(op, parameters, names) \
  void op parameters override { ignore names; }
  LT_PRIMITIVES(LT_NOTHING)
#undef LT_NOTHING
  void all_reduce(Tensor) override {}

 private:
  template <class... Any>
  static void ignore(const Any&...) {}
  Scratch scratch_;
};

class FakeBackend final : public Backend {
 public:
  std::string description() const override { return "fake"; }
  Ops& ops() override { return ops_; }
  std::unique_ptr<Plan> record(std::function<void(Ops&)>) override { return nullptr; }
  Tensor place(Tensor host) override { return host; }
  Tensor alloc(Type type, int64_t rows, int64_t cols) override {
    memory_.emplace_back(static_cast<size_t>(rows * cols * 4));
    return {memory_.back().data(), type, rows, cols, cols * 4};
  }
  void write(Tensor to, const void* from) override { std::memcpy(to.data, from, static_cast<size_t>(to.rows * to.stride)); }
  void read(void* to, Tensor from) override { std::memcpy(to, from.data, static_cast<size_t>(from.rows * from.stride)); }
  size_t reserve(const Needs&) override { return 0; }

 private:
  FakeOps ops_;
  std::vector<std::vector<char>> memory_;
};

// What the model keeps beside all tokens: those of a window, and a state.
struct FakeMemory {
  int64_t reach = 0;   // of a layer more with keys; 0: there is none
  bool state = false;  // of a layer more
};

class FakeModel final : public Model {
 public:
  std::function<void(const Rows&)> on_embed, on_layer;                    // may look, wait and throw
  std::function<void(int32_t token, std::span<float> logits)> on_logits;  // behind that token; may change them

  explicit FakeModel(FakeMemory memory = {}) {
    shape_.width = shape_.carried = 3;
    shape_.vocabulary = fake_vocabulary;
    shape_.trained_context = 1 << 20;
    for (int i = 0; i < 2; i++) shape_.layers.push_back(keys(0));
    if (memory.reach) shape_.layers.push_back(keys(memory.reach));
    if (memory.state) shape_.layers.push_back({.kv = {}, .kv_of = -1, .state = 2});
  }

  const Shape& shape() const override { return shape_; }
  void embed(Ops&, Tensor x, const Rows& rows) const override {
    if (on_embed) on_embed(rows);
    for (int64_t r = 0; r < x.rows; r++) x.row<float>(r)[0] = static_cast<float>(*rows.ids.row<int32_t>(r));
  }
  void layer(Ops&, int64_t i, Tensor x, const Memory& memory, const Rows& rows) const override {
    if (on_layer) on_layer(rows);
    if (shape_.layer(i).state) return remember(memory.states[static_cast<size_t>(i)], x, rows);
    const Kv& kv = memory.kv[static_cast<size_t>(i)];
    for (int64_t r = 0; r < x.rows; r++) {
      float* slot = kv.k.row<float>(slot_of(kv, rows, r, place_of(rows, r)));
      slot[0] = x.row<float>(r)[0];
      slot[1] = static_cast<float>(place_of(rows, r));
    }
    const int64_t reach = shape_.layer(i).kv->reach;
    if (i == 0) return;
    for (int64_t r = 0; r < x.rows; r++) {
      const int32_t place = place_of(rows, r);
      const uint32_t h = read_back(kv, rows, r, reach ? std::max<int32_t>(0, place - static_cast<int32_t>(reach) + 1) : 0);
      if (i > 1) continue;
      x.row<float>(r)[1] = static_cast<float>(h & 0xffff);
      x.row<float>(r)[2] = static_cast<float>(h >> 16);
    }
  }
  void hidden(Ops&, Tensor h, Tensor x, const Rows& rows) const override {
    for (int64_t o = 0; o < h.rows; o++) std::copy_n(x.row<float>(*rows.outputs.row<int32_t>(o)), 3, h.row<float>(o));
  }
  void head(Ops&, Tensor logits, Tensor h, const Rows&) const override {
    for (int64_t o = 0; o < logits.rows; o++) {
      const float* row = h.row<float>(o);
      const std::vector<float> l = fake_logits(static_cast<uint32_t>(row[1]) | static_cast<uint32_t>(row[2]) << 16);
      std::copy(l.begin(), l.end(), logits.row<float>(o));
      if (on_logits) on_logits(static_cast<int32_t>(row[0]), {logits.row<float>(o), l.size()});
    }
  }

 private:
  static LayerShape keys(int64_t reach) {
    return {.kv = KvShape{.heads = 1, .key_dim = 2, .value_dim = 2, .reach = reach, .latent = false}, .kv_of = -1, .state = 0};
  }
  static int32_t place_of(const Rows& rows, int64_t r) { return *rows.places.row<int32_t>(r); }
  static int64_t slot_of(const Kv& kv, const Rows& rows, int64_t r, int64_t place) {
    const int32_t* pages = rows.pages[kv.group].row<int32_t>(*rows.sequences.row<int32_t>(r));
    return pages[place / Kv::page_size] * Kv::page_size + place % Kv::page_size;
  }
  // Of the tokens from place `first` on, each of which must be where it was put.
  static uint32_t read_back(const Kv& kv, const Rows& rows, int64_t r, int32_t first) {
    static thread_local std::vector<int32_t> tokens;  // few allocations, for the checks that have them refused one by one
    tokens.clear();
    for (int32_t p = first; p <= place_of(rows, r); p++) {
      const float* slot = kv.k.row<float>(slot_of(kv, rows, r, p));
      if (slot[1] != static_cast<float>(p)) throw Error(Code::internal, "a slot of another place");
      tokens.push_back(static_cast<int32_t>(slot[0]));
    }
    return fake_hash(tokens);
  }
  // The state is the number of tokens so far and the sum of them, each times its place: it must be that of the layers with keys' tokens.
  static void remember(const Tensor& slots, Tensor x, const Rows& rows) {
    for (const Span& s : rows.spans) {
      const int32_t from = *rows.reads.row<int32_t>(s.sequence);
      float state[2] = {0, 0};
      if (from >= 0) std::copy_n(slots.row<float>(from), 2, state);
      for (int64_t r = s.first; r < s.first + s.count; r++) {
        if (state[0] != static_cast<float>(place_of(rows, r))) throw Error(Code::internal, "a state of another place");
        state[0]++;
        state[1] = std::fmod(state[1] * 31 + x.row<float>(r)[0], 65521.0f);
        x.row<float>(r)[1] = static_cast<float>(static_cast<uint32_t>(x.row<float>(r)[1]) ^ static_cast<uint32_t>(state[1]));
        if (const int32_t to = *rows.writes.row<int32_t>(r); to >= 0) std::copy_n(state, 2, slots.row<float>(to));
      }
    }
  }
  Shape shape_;
};

class FakeTokenizer final : public tokenize::Tokenizer {
 public:
  std::vector<std::string> pieces;
  bool strips = false;
  int32_t names = fake_vocabulary;  // fewer: the rows behind are padding

  FakeTokenizer() {
    for (int i = 0; i < fake_vocabulary; i++) pieces.push_back(i < 2 ? "" : std::string(1, static_cast<char>('0' + i)));
  }
  std::map<std::string, std::vector<int32_t>, std::less<>> spelt;  // what encode() knows
  std::vector<int32_t> encode(std::string_view text, bool) const override {
    const auto known = spelt.find(text);
    return known == spelt.end() ? std::vector<int32_t>() : known->second;
  }
  std::string decode(std::span<const int32_t> ids, bool) const override {
    std::string s;
    for (const int32_t id : ids) s += pieces[static_cast<size_t>(id)];
    return s;
  }
  std::string_view piece(int32_t id, bool) const override { return pieces[static_cast<size_t>(id)]; }
  bool strips_first_space() const override { return strips; }
  int32_t size() const override { return names; }
  int32_t bos() const override { return 0; }
  int32_t eos() const override { return fake_end; }
  bool add_bos() const override { return true; }
  bool add_eos() const override { return false; }
  bool ends_generation(int32_t id) const override { return id == fake_end; }
  bool is_control(int32_t id) const override { return id < 2; }
  std::string_view text(int32_t id) const override { return pieces[static_cast<size_t>(id)]; }
};

// What was reported, request by request.
class Reports {
 public:
  engine::Sink sink() {
    return [this](std::vector<engine::Report>&& reports) { take(std::move(reports)); };
  }
  // The reports of one request as one; waits for its end.
  engine::Report wait(uint64_t request) {
    const SparedAllocations spared;
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, std::chrono::seconds(120), [&] { return whole_[request].finish != engine::Finish::none; }))
      throw std::runtime_error("a request did not finish in time");
    return whole_[request];
  }
  engine::Report so_far(uint64_t request) {
    const SparedAllocations spared;
    const std::lock_guard lock(mutex_);
    return whole_[request];
  }
  void wait_for_tokens(uint64_t request, size_t n) {  // or its end
    const SparedAllocations spared;
    std::unique_lock lock(mutex_);
    const auto there = [&] { return whole_[request].tokens.size() >= n || whole_[request].finish != engine::Finish::none; };
    changed_.wait_for(lock, std::chrono::seconds(60), there);
  }
  size_t calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }
  std::string complaint;                                           // about how the sink was called
  std::function<void(const std::vector<engine::Report>&)> before;  // each call; what it throws, the sink throws

 private:
  void take(std::vector<engine::Report>&& reports) {
    const SparedAllocations spared;
    const std::lock_guard lock(mutex_);
    if (before) before(reports);
    calls_++;
    if (thread_ == std::thread::id()) thread_ = std::this_thread::get_id();
    if (thread_ != std::this_thread::get_id()) complaint = "called from two threads";
    std::map<uint64_t, int> seen;
    for (engine::Report& r : reports) {
      if (seen[r.request]++) complaint = "two reports of a request in a call";
      if (whole_[r.request].finish != engine::Finish::none) complaint = "a report after the last one";
      merge(whole_[r.request], std::move(r));
    }
    changed_.notify_all();
  }
  static void merge(engine::Report& to, engine::Report&& r) {
    r.text = to.text + r.text;
    r.tokens.insert(r.tokens.begin(), to.tokens.begin(), to.tokens.end());
    r.rows.insert(r.rows.begin(), to.rows.begin(), to.rows.end());
    to = std::move(r);
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<uint64_t, engine::Report> whole_;
  std::thread::id thread_;
  size_t calls_ = 0;
};

struct FakeSize {
  int64_t context = 4096, rows = 64, sequences = 8;
  FakeMemory memory{};
  int64_t kept = 6;  // states beside those of the running requests

  engine::CacheSize cache() const {
    engine::CacheSize size{.reach = {0}};
    const int64_t pages = (context + Kv::page_size - 1) / Kv::page_size;
    size.pages[0] = pages;
    if (memory.reach) {
      size.reach.push_back(memory.reach);
      size.pages[1] = std::min(pages, sequences * (memory.reach / Kv::page_size + 3) + rows / Kv::page_size + 1);
    }
    if (memory.state) size.states = sequences + kept, size.state_every = 2;
    return size;
  }
};

// An engine on the fakes. The hooks of `model` are set before the first request.
struct FakeEngine {
  Reports reports;
  std::shared_ptr<FakeTokenizer> tokenizer = std::make_shared<FakeTokenizer>();
  FakeModel* model = nullptr;
  std::unique_ptr<engine::Engine> engine;

  explicit FakeEngine(FakeSize size = {}, const std::function<void(FakeEngine&)>& set_up = nullptr, engine::Sink sink = nullptr) {
    engine::LoadedModel parts;
    auto owned = std::make_unique<FakeModel>(size.memory);
    model = owned.get();
    parts.tokenizer = tokenizer;
    parts.sides.push_back({std::make_unique<FakeBackend>(), std::move(owned)});
    if (set_up) set_up(*this);
    const int64_t sequences = std::min(size.sequences, size.rows);
    const engine::BatchSize batch{size.rows, sequences, sequences + engine::logit_rows, size.cache(), Type::f32};
    const engine::Side& side = parts.sides[0];
    std::vector<engine::Stage> stages;
    stages.emplace_back(*side.backend, *side.model, std::vector<engine::Segment>{{{}, {side.model->shape().count()}, true, true}}, batch);
    parts.batch = std::make_unique<engine::Batch>(std::move(stages), std::vector<engine::Batch::Turn>{{0, 0}}, side.model->shape(), batch);
    parts.info.vocabulary = fake_vocabulary;
    parts.info.context_tokens = size.context;
    parts.info.trained_context = 1 << 20;
    engine = engine::start(std::move(parts), sink ? std::move(sink) : reports.sink());
  }
  engine::Report run(engine::Request r) { return reports.wait(engine->submit(std::move(r))); }
};

inline engine::Request fake_request(std::vector<int32_t> prompt, int64_t max_tokens, uint64_t seed = 0) {
  engine::Request r;
  r.prompt = std::move(prompt);
  r.generate().max_tokens = max_tokens;
  r.generate().sampling.seed = seed;
  return r;
}

inline std::vector<int32_t> fake_prompt(size_t length, uint32_t seed) {
  std::vector<int32_t> prompt(length);
  for (size_t i = 0; i < length; i++) prompt[i] = static_cast<int32_t>(2 + fake_mix(seed, i) % (fake_vocabulary - 2));
  return prompt;
}

// The hash that a model of this memory has of tokens.
inline uint32_t fake_hash(std::span<const int32_t> tokens, FakeMemory memory) {
  uint32_t sum = 0;
  for (const int32_t t : tokens) sum = (sum * 31 + static_cast<uint32_t>(t)) % 65521;
  return fake_hash(tokens) ^ (memory.state ? sum : 0);
}

// The tokens that a request must give, by the definition.
inline std::vector<int32_t> fake_completion(const engine::Request& r, int64_t context, FakeMemory memory = {}) {
  std::vector<int32_t> tokens = r.prompt, out;
  sample::Chain chain(r.generate().sampling);
  const int64_t room = context - static_cast<int64_t>(r.prompt.size()),
                limit = r.generate().max_tokens < 0 ? room : std::min(room, r.generate().max_tokens);
  while (static_cast<int64_t>(out.size()) < limit) {
    std::vector<float> logits = fake_logits(fake_hash(tokens, memory));
    if (r.generate().ignore_end) logits[fake_end] = -std::numeric_limits<float>::infinity();
    const int32_t id = chain.choose(logits, tokens, -1).id;
    tokens.push_back(id);
    if (id == fake_end) break;
    out.push_back(id);
  }
  return out;
}

inline std::vector<int32_t> ids_of(const engine::Report& r) {
  std::vector<int32_t> ids;
  for (const engine::TokenOut& t : r.tokens) ids.push_back(t.id);
  return ids;
}

inline void check_same(const engine::Report& r, const engine::Request& asked, int64_t context, FakeMemory memory = {}) {
  CHECK_THAT(!r.error, "failed: " << (r.error ? r.error->what() : ""));
  const std::vector<int32_t> expected = fake_completion(asked, context, memory), got = ids_of(r);
  CHECK_THAT(got == expected, "request " << r.request << ": " << got.size() << " tokens, expected " << expected.size());
  const int64_t count = std::ssize(expected);
  const bool stopped = r.completion_tokens > count;  // the end token was counted, not given
  const engine::Finish at_limit = count == asked.generate().max_tokens ? engine::Finish::length : engine::Finish::context;
  CHECK_THAT(r.finish == (stopped ? engine::Finish::stop : at_limit), "finish " << static_cast<int>(r.finish));
}

}  // namespace lt::check
