// What an architecture's file reads a GGUF with: hyper-parameters by key and weights by name, each checked against what the
// architecture expects. Errors name the key or tensor, what was expected and what was found.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

#include "core/backend.h"
#include "gguf/file.h"
#include "model/division.h"

namespace lt::model {

// What a model object holds of a model that several backends share: the weights of layers [first, last), of the token table, of the
// head. It knows the shapes of all others, but does not place them.
struct Section {
  int64_t first = 0, last = INT64_MAX;
  bool embed = true, head = true;
};

// N of "blk.N.*".
std::optional<int64_t> layer_of(std::string_view tensor);

class Loader {
 public:
  // division: of several ranks, or none.
  Loader(const gguf::File& file, Backend& backend, const Section& part = {}, Division* division = nullptr);

  // Values of "<architecture>.<key>". Throw Code::format where absent or outside [low, high].
  int64_t integer(std::string_view key, int64_t low, int64_t high) const;
  int64_t integer(std::string_view key, int64_t low, int64_t high, int64_t fallback) const;
  double number(std::string_view key, double low, double high, double fallback) const;
  bool flag(std::string_view key, bool fallback) const;
  std::string text(std::string_view key, std::string_view fallback) const;
  // A key that is one number or one per layer.
  int64_t per_layer(std::string_view key, int64_t layer, int64_t low, int64_t high, std::optional<int64_t> fallback = {}) const;
  bool has_key(std::string_view key) const;

  // Weights. A matrix (rows, cols) of any type; a vector (1, cols) as f32. The optional_ forms give an empty tensor where absent.
  Tensor matrix(const std::string& name, int64_t rows, int64_t cols);
  Tensor vector(const std::string& name, int64_t cols);
  Tensor optional_matrix(const std::string& name, int64_t rows, int64_t cols);
  Tensor optional_vector(const std::string& name, int64_t cols);
  // What this rank holds of a weight (shard.cpp): rows, where they lie; columns, which begin and end between blocks, copied out of
  // the file; of a vector its values. A matrix whose rows are looked up is not read ahead.
  Tensor rows(const std::string& name, int64_t rows, int64_t cols, const Range& mine);
  Tensor columns(const std::string& name, int64_t rows, int64_t cols, const Range& mine);
  Tensor optional_vector(const std::string& name, int64_t cols, const Range& mine);
  Tensor lookup(const std::string& name, int64_t rows, int64_t cols);
  int64_t block_of(const std::string& name) const;  // values in a block of its type; 1 where it is absent
  Division& division() const { return division_; }
  bool has(const std::string& name) const { return file_.tensor(name) != nullptr; }
  // Rows of a matrix whose number the file decides (the vocabulary), at most 2^24.
  int64_t rows_of(const std::string& name) const;

  // The values of an optional host vector, for tables computed at load; false where absent.
  bool values(const std::string& name, std::span<float> to);

  // f32 (1, values) in the backend's memory, for tables made at load.
  Tensor table(std::span<const float> values);

  // Throws Code::unsupported if the file holds a tensor that nothing asked for: a variant this architecture's file does not know.
  void finish() const;

  const std::string& architecture() const { return architecture_; }

 private:
  const gguf::HostTensor& find(const std::string& name, int64_t rows, int64_t cols);
  bool holds(std::string_view name) const;
  Tensor place(std::string_view name, const Tensor& host);

  const gguf::File& file_;
  Backend& backend_;
  Section section_;
  Division alone_;  // of one rank
  Division& division_;
  std::string architecture_;
  std::unordered_set<std::string_view> used_;
};

}  // namespace lt::model
