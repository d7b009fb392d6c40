// What a folder's architecture becomes in a GGUF file, declared: a file in architecture/ each. Names of tensors are patterns in which
// {} is a number: the layer, then the expert.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "convert/config.h"
#include "gguf/field.h"

namespace lt::convert {

class Description;

// What becomes of values. Where not said otherwise, what changes is F32 whatever the type of matrices.
enum class Change : uint8_t {
  none,
  exact,       // routers and other small ones whose rounding shows
  plus_one,    // 1 + x: norms that are stored as what they differ from 1 by
  plus_fifth,  // 1/5 + x, and 5^-1.5 + x: PLaMo 2's norms behind the halves of a layer
  plus_fifth_power,
  decay,    // -exp(x): a recurrent layer's decay, stored as its logarithm
  ternary,  // -1, 0 or 1, whatever is nearest to x / m, times m, the mean size of all: BitNet's matrices, which keep their type
};

// Sizes of dimensions, by the names that describe() gave them; the contiguous one last, as in the folder. Behind them: empty. They may
// differ by layer, but not where a result's rows or columns are in another order.
using Shape = std::array<std::string_view, 3>;

// Whether a layer has the tensor, and then of every folder. Null: of some folders every layer may have it.
using Held = bool (*)(const Description&, int64_t layer);
bool everywhere(const Description&, int64_t layer);
bool dense(const Description&, int64_t layer);   // layers whose feed-forward is one
bool sparse(const Description&, int64_t layer);  // those of experts
bool attends(const Description&, int64_t layer);
bool recurs(const Description&, int64_t layer);
// Tensors outside of layers: where the output's matrix is the token table, or is not. Of others the rule has no use.
bool ties(const Description&, int64_t layer);
bool unties(const Description&, int64_t layer);

// For each row or column of a result, which one of the folder's tensor it is; -1: a row of zeros. Of vectors the values are columns.
using Order = std::vector<int64_t> (*)(const Description&);

// How a result's values lie, where not as the folder's do.
struct Layout {
  Order rows = nullptr, columns = nullptr;
  bool turned = false;  // matrices that are the last two dimensions of the result, with rows and columns exchanged
  Shape becomes = {};   // the result's; by default the folder's with as many rows and columns as there are in order
};

// What so many rows of a result, behind those before, are multiplied by, one after the other.
struct Factor {
  int64_t rows;
  float first = 1, second = 1;
};
using Factors = std::function<std::vector<Factor>(const Description&)>;

// Of several rules with one `from`, each makes a tensor of it; of several with one `to`, the folder has one.
struct Rule {
  // to: empty where a key says its values. `from` with a {} more than `to`: those are stacked along a new dimension, told apart by their
  // last {}.
  std::string_view from, to;
  Held held = nullptr;
  Shape shape = {};  // of each of them
  Change change = Change::none;
  Layout layout = {};
  Factors factors = nullptr;                                       // of what is written; a folder that is run has keys for them
  std::string_view stacked = "experts";                            // the size that says how many are
  float (*by_layer)(const Description&, int64_t layer) = nullptr;  // what all of a layer's values are multiplied by
  bool first = false;                                              // of layer 0 alone; of others it has no use
};
using Rules = std::vector<Rule>;
Rules joined(std::initializer_list<Rules> parts);

// A tensor that the folder has not, computed from its configuration: one row.
struct Computed {
  std::string name;
  std::vector<float> values;
};

// Keys of the architecture, without its name in front, and what its rules need to know.
class Description {
 public:
  explicit Description(std::string_view architecture) : prefix_(std::string(architecture) + ".") {}

  // In place of what was said under the key before.
  template <class T>
  void put(std::string_view key, T value) {
    gguf::put(fields, gguf::field(prefix_ + std::string(key), value));
  }
  void integer(std::string_view key, int64_t value) { put(key, static_cast<uint32_t>(value)); }
  void number(std::string_view key, double value) { put(key, static_cast<float>(value)); }

  void flags(std::string_view key, const std::vector<bool>& values);

  // A size of tensors, by a name, and how it is called in config.json.
  void size(std::string_view name, int64_t value, std::string setting);
  void sizes(std::string_view name, std::vector<int64_t> by_layer, std::string setting);
  int64_t of(std::string_view name, int64_t layer = 0) const;
  const std::string& setting(std::string_view name) const;

  // A GGUF file has no key for what `setting` says, or other programs read none: the folder is run, but not written as such a file.
  void folder_only(const Config& config, std::string_view setting);

  std::vector<gguf::Field> fields;
  std::string unwritable;  // why; empty: it can be written
  std::vector<Computed> tensors;
  int64_t layers = 0, heads = 0, kv_heads = 0, head_dim = 0;
  bool tied = false;                         // whether the output's matrix is the token table
  bool no_dense_layer = false;               // nor need config.json say how wide its feed-forward would be
  int64_t drafts = 0;                        // layers behind those, which guess further tokens: passed over
  std::vector<bool> sparse, recurrent;       // by layer; empty: none is
  std::vector<int64_t> label_rows;           // of the output's matrix, of a reranker's answers
  json::Value whole = {};                    // config.json, of which inner settings are a part
  const char* counts = "num_hidden_layers";  // what says in config.json how many layers there are
  const char* kinds = "architectures";       // what says in config.json which layers have which tensors

  // Whether what is made becomes a GGUF file; else it is run where it lies.
  bool written = false;
  std::map<std::string_view, float> factors;  // of rules, by name
  std::string letters = {};                   // of layers that are one thing each, which

 private:
  struct Size {
    std::vector<int64_t> values;  // one, or by layer
    std::string setting;
  };
  const Size& find(std::string_view name) const;

  std::string prefix_;
  std::map<std::string_view, Size> sizes_;
};

// How names begin, and how the rules have it.
struct Renamed {
  std::string_view stored, plain;
};

// What a folder is, beside its class.
struct FolderOf {
  const std::string& path;
  const Config& config;
};

struct Architecture {
  std::string_view name;                  // general.architecture
  std::vector<std::string_view> classes;  // config.json's "architectures"
  void (*describe)(const Config& config, Description& to);
  Rules tensors;
  bool (*serves)(const Config& config) = nullptr;                              // of its classes' folders; null: all
  void (*read)(const safetensors::Folder& folder, Description& to) = nullptr;  // values of tensors that become keys
  bool tied = false;                                                           // where tie_word_embeddings is not said
  bool pools = false;                                                          // rows are brought together as modules.json says
  std::string_view inner = {};             // where config.json has all this in folders of models that do more than text
  std::span<const Default> defaults = {};  // of settings
  std::vector<Renamed> renamed = {};       // in some folders
  std::vector<Renamed> endings = {};       // how names end there, and how the rules have it
  std::vector<std::string_view> passed_over =
      {};  // of what is for training, for drafts or not for text: beginnings of names, or patterns of whole ones
  bool (*is)(const FolderOf&) = nullptr;                                // null: of several with a class, the one that no other is
  void (*describe_folder)(const FolderOf&, Description& to) = nullptr;  // what files beside config.json say
};

// Of a folder, by what its config.json says. Throws Code::unsupported, naming it.
const Architecture& architecture_of(const FolderOf& folder);

// All whose files say `name`.
std::vector<const Architecture*> architectures_named(std::string_view name);

struct RegisterArchitecture {
  explicit RegisterArchitecture(const Architecture& architecture);
};

// What config.json's "architectures" says first.
std::string_view class_of(const Config& config);

// How an encoder's rows become one vector, as the folder's modules.json and the file that it names say.
void describe_pooling(const std::string& folder, Description& to);

// A module of modules.json behind the pooling, which has a safetensors file of its own.
struct DenseModule {
  std::string path, to;  // a folder in the model's, the beginning of the names of its tensors
};
std::vector<DenseModule> dense_modules(const std::string& folder);

// The labels of a classifier, and how many there are as the size "labels".
void describe_labels(const Config& config, Description& to);

}  // namespace lt::convert
