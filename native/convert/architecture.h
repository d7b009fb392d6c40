// What a folder's architecture becomes in a GGUF file, declared: a file in architecture/ each. Names of tensors are patterns in which
// {} is a number: the layer, then the expert.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "convert/config.h"
#include "gguf/field.h"

namespace lt::convert {

enum class Change : uint8_t {
  none,
  pair_q,  // rows of each query head (key head: pair_k): those that rotate together, a half head apart in the folder, come side by side
  pair_k,
  exact,  // F32 whatever the type of matrices: routers and other small ones whose rounding shows
};

// Sizes of a tensor's dimensions, by the settings of config.json that they follow from.
enum class Size : uint8_t { none, vocabulary, width, query, key_value, head, feed_forward, experts };

// Folders that have the tensor: some; all; those without experts; those with.
enum class Held : uint8_t { some, all, dense, experts };

struct Rule {
  std::string_view from, to;  // several `from` of one `to`, told apart by their last {}, are stacked along a new dimension
  Held held = Held::some;
  std::array<Size, 2> shape = {};  // of each of them: rows, columns; of a vector its length
  Change change = Change::none;
};

// A tensor that the folder has not, computed from its configuration: one row.
struct Computed {
  std::string name;
  std::vector<float> values;
};

// Keys of the architecture, without its name in front, and what its rules need to know.
class Description {
 public:
  explicit Description(std::string_view architecture) : prefix_(std::string(architecture) + ".") {}

  template <class T>
  void put(std::string_view key, T value) {
    fields.push_back(gguf::field(prefix_ + std::string(key), value));
  }
  void integer(std::string_view key, int64_t value) { put(key, static_cast<uint32_t>(value)); }
  void number(std::string_view key, double value) { put(key, static_cast<float>(value)); }

  std::vector<gguf::Field> fields;
  std::vector<Computed> tensors;
  int64_t layers = 0, width = 0, heads = 0, kv_heads = 0, head_dim = 0, feed_forward = 0, vocabulary = 0, experts = 0;

  int64_t of(Size size) const;
  static const char* setting(Size size);  // what it is called in config.json

 private:
  std::string prefix_;
};

struct Architecture {
  std::string_view name;                  // general.architecture
  std::vector<std::string_view> classes;  // config.json's "architectures"
  void (*describe)(const Config& config, Description& to);
  std::vector<Rule> tensors;
};

// Of a folder, by what its config.json says. Throws Code::unsupported, naming it.
const Architecture& architecture_of(const Config& config);

struct RegisterArchitecture {
  explicit RegisterArchitecture(const Architecture& architecture);
};

// What config.json's "architectures" says first.
std::string_view class_of(const Config& config);

// The rules of a dense decoder whose layers are named model.layers.{}, with biases where the folder has them; `more` are added.
std::vector<Rule> decoder_rules(Change q, Change k, std::vector<Rule> more = {});

// Sizes, heads, epsilon, rotation: config.json's keys for them are the same in all decoders. Older folders have rope_theta and
// rope_scaling, newer ones rope_parameters.
void describe_decoder(const Config& config, Description& to);

}  // namespace lt::convert
