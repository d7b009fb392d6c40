// What an architecture's file reads a GGUF with: hyper-parameters by key and weights by name, each checked against what the
// architecture expects. Errors name the key or tensor, what was expected and what was found.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/backend.h"
#include "gguf/file.h"
#include "model/adapters.h"
#include "model/division.h"

namespace lt::model {

// What a model object holds of a model that several backends share: the weights of layers [first, last), of the token table, of the
// head. It knows the shapes of all others, but does not place them.
struct Section {
  int64_t first = 0, last = INT64_MAX;
  bool embed = true, head = true;
  std::vector<bool> experts = {};  // by layer: whether it holds what of it may lie apart; no list: as the rest of the layer
  const std::vector<AdapterFile>* adapters = nullptr;  // that rows may ask for
  int64_t context = 0;                                 // tokens of the longest sequence; 0: as many as the model was trained for
  bool encoder = false;                                // of a model that encodes texts and writes others, what encodes alone
};

// Bytes of weights: of each layer, of what makes rows of tokens, of the head. What two of them read counts where it is read first.
struct WeightBytes {
  std::vector<uint64_t> layers;   // without what may lie apart
  std::vector<uint64_t> experts;  // what may lie apart, by layer
  uint64_t embed = 0, head = 0;
  uint64_t adapters = 0;  // of all of them, what adapters add
};

// "blk.N.", which names of a layer's tensors begin with.
std::string block(int64_t layer);

class Loader {
 public:
  // division: of several ranks, or none. bytes: told of each weight, held here or not; or null.
  Loader(const gguf::File& file, Backend& backend, const Section& part = {}, Division* division = nullptr, WeightBytes* bytes = nullptr);

  // Values of "<architecture>.<key>". Throw Code::format where absent or outside [low, high].
  int64_t integer(std::string_view key, int64_t low, int64_t high) const;
  int64_t integer(std::string_view key, int64_t low, int64_t high, int64_t fallback) const;
  double number(std::string_view key, double low, double high) const;
  double number(std::string_view key, double low, double high, double fallback) const;
  bool flag(std::string_view key, bool fallback) const;
  std::string text(std::string_view key, std::string_view fallback) const;
  std::vector<std::string> texts(std::string_view key) const;  // of a list; none where there is no such list
  // A key that is one number, or a list with a number or a boolean for each layer.
  int64_t per_layer(std::string_view key, int64_t layer, int64_t low, int64_t high, std::optional<int64_t> fallback = {}) const;
  // A list with a number for each layer, under a key that has no architecture in front.
  double listed(std::string_view key, int64_t layer, double low, double high) const;
  bool has_key(std::string_view key) const;
  bool has_list(std::string_view key) const;

  // Whose weights are read while it lives: which backend holds them is told by that, not by their names.
  class Part {
   public:
    Part(Loader& loader, int64_t what, bool experts = false) : loader_(loader), outer_(loader.part_), outer_experts_(loader.experts_) {
      loader.part_ = what;
      loader.experts_ = experts;
    }
    ~Part() {
      loader_.part_ = outer_;
      loader_.experts_ = outer_experts_;
    }
    Part(const Part&) = delete;
    Part& operator=(const Part&) = delete;

   private:
    Loader& loader_;
    std::optional<int64_t> outer_;
    bool outer_experts_;
  };
  Part embed() { return {*this, embed_part}; }
  Part layer(int64_t i) { return {*this, i}; }
  Part experts(int64_t i) { return {*this, i, true}; }  // what of layer i may lie apart from the rest of it
  Part head() { return {*this, head_part}; }

  // Weights. A matrix of any type; floats of any type as f32; a vector is f32 (1, cols). What this rank holds of them (shard.cpp): some
  // rows, which are read where they lie if they follow one another, else copied; some columns, which begin and end between blocks, copied.
  Tensor rows(const std::string& name, int64_t rows, int64_t cols, const Ranges& mine);
  Tensor columns(const std::string& name, int64_t rows, int64_t cols, const Ranges& mine);
  Tensor floats(const std::string& name, int64_t rows, int64_t cols, const Ranges& mine);
  Tensor vector(const std::string& name, int64_t cols, const Ranges& mine);
  Tensor vector(const std::string& name, int64_t cols) { return vector(name, cols, Range{0, cols}); }
  Tensor lookup(const std::string& name, int64_t rows, int64_t cols);  // of whose rows few are read: not read ahead

  // What adapters add to products with NAME.weight of `matrices` matrices (out, in), of which this rank has some rows and columns: in all,
  // and each of several matrices' by itself, one an adapter. To rows of a table. To a layer's results.
  LowRank low_rank(const std::string& name, int64_t out, int64_t in, const Ranges& rows, const Ranges& columns);
  std::vector<LowRank> low_ranks(const std::string& name, int64_t matrices, int64_t out, int64_t in, const Range& mine);
  LowRank low_rank_table(const std::string& name, int64_t rows, int64_t cols);
  Tensor directions(int64_t layer, int64_t width);
  AdapterTensors* adapters() { return adapters_ ? &*adapters_ : nullptr; }

  // From here on a name with `ours` in it is the file's with `theirs` in its place, for each of these and for no others.
  struct Spelling {
    std::string ours, theirs;
  };
  void spell(std::vector<Spelling> all) { spelled_ = std::move(all); }

  int64_t context() const;                          // tokens of the longest sequence
  int64_t block_of(const std::string& name) const;  // values in a block of its type; 1 where it is absent
  Division& division() const { return division_; }
  bool has(const std::string& name) const { return tensor(name) != nullptr; }
  // Rows of a matrix whose number the file decides (the vocabulary), at most 2^24.
  int64_t rows_of(const std::string& name) const;

  // The values of a host vector or matrix, for tables computed at load.
  std::vector<float> values(const std::string& name, int64_t rows, int64_t cols);
  // f32 (rows, cols) in the backend's memory, for tables made at load.
  Tensor table(std::span<const float> values, int64_t rows = 1);
  Tensor table(std::span<const int32_t> values);  // i32 (1, values)
  // A weight that is made of others: f32 (rows, cols), which `fill` computes if this rank and side hold it.
  Tensor made(int64_t rows, int64_t cols, const std::function<void(std::span<float>)>& fill);

  // Tensors of these names ("blk.7.*": that begin so) belong to what is not run.
  void ignore(const std::string& names);
  // Throws Code::unsupported if the file holds a tensor that nothing asked for: a variant this architecture's file does not know.
  void finish() const;
  // Throws Code::unsupported: what the file says under `key` is not run. expected: what is.
  [[noreturn]] void refuse(std::string_view key, const std::string& expected, const std::string& found) const;

  const std::string& architecture() const { return architecture_; }

 private:
  static constexpr int64_t embed_part = -1, head_part = -2;  // others are layers

  std::string spelled(std::string name) const;
  const gguf::HostTensor* tensor(const std::string& name) const { return file_.tensor(spelled(name)); }
  const gguf::HostTensor& find(const std::string& name, int64_t rows, int64_t cols);
  bool held() const;
  void count(const void* from, int64_t rows, uint64_t bytes);
  void add(uint64_t bytes);
  Tensor place(const Tensor& host, bool ahead);
  Tensor copy(const gguf::HostTensor& t, Tensor part, const std::function<void(char* to, int64_t row)>& fill);
  Tensor floats(const gguf::HostTensor& t, int64_t rows, int64_t cols, const Ranges& values);
  bool ignored(std::string_view name) const;
  Tensor adapted(int64_t rows, int64_t cols, const std::function<void(std::span<float>)>& fill);

  const gguf::File& file_;
  Backend& backend_;
  Section section_;
  Division alone_;  // of one rank
  Division& division_;
  WeightBytes* bytes_;
  std::optional<AdapterTensors> adapters_;
  std::optional<int64_t> part_;
  bool experts_ = false;  // of layer part_
  std::string architecture_;
  std::unordered_set<std::string_view> used_;
  // By where they lie in the file, and how many rows: what is read twice is counted and placed once.
  using Where = std::pair<const void*, int64_t>;
  std::set<Where> counted_;
  std::map<Where, Tensor> placed_;
  std::vector<std::string> ignored_;
  std::vector<Spelling> spelled_;
};

}  // namespace lt::model
