// Which tensor of a file becomes what: decided before anything is computed.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gguf/field.h"
#include "gguf/file.h"
#include "quantize/importance.h"
#include "quantize/recipe.h"

namespace lt::quantize {

struct Options {
  std::string recipe;                            // "Q4_K_M"; "COPY": every tensor as it is
  std::shared_ptr<const Importance> importance;  // null: none
  std::string importance_name;                   // what the output says of it
  bool allow_requantize = false;                 // of tensors that are quantized already
  bool leave_output = false;                     // output.weight stays as it is
  bool pure = false;                             // the recipe's base for all
  bool keep_split = false;                       // as many files as the input has
  std::optional<Type> output_type, embedding_type;
  std::vector<std::pair<std::string, Type>> tensor_types;  // by full name; they go before all else
  std::vector<int64_t> pruned;                             // layers to leave out
  std::vector<gguf::Field> overrides;                      // of the metadata
  uint64_t target_bytes = 0;                               // of the file; types are chosen for it (budget.h); 0: as the recipe says
  double target_bpw = 0;                                   // the same, as bits a weight over all tensors
  int threads = 0;                                         // 0: as many as the process may use
  bool keep_partial = false;                               // when stopped, for a later run to go on with
};

// One tensor of the output.
struct Choice {
  const gguf::HostTensor* from;
  std::string name;  // with its layer's new number
  Type to;
  bool quantizable;  // a matrix whose type may be chosen
  bool fixed;        // by what the user said of this very tensor
  uint64_t bytes() const;
};

struct Plan {
  std::string type;                   // as people name it
  std::optional<uint32_t> file_type;  // what the output calls itself; nothing: readers find out
  std::vector<Choice> choices;        // in the order of the input
};

// Throws Code::argument: unknown names, a quantized input without leave to requantize, a type that wants an importance matrix and has
// none, a layer to prune that is not there.
Plan make_plan(const gguf::File& file, const Options& options);

// Whether the choice's type may still be another than the plan's.
bool open_to_choice(const Choice& choice, const Options& options);

// The metadata of the output.
std::vector<gguf::Field> metadata_of(const gguf::File& file, const Options& options, const Plan& plan);

}  // namespace lt::quantize
