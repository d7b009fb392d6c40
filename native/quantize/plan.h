// Which tensor of a file becomes what: decided before anything is computed.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gguf/field.h"
#include "gguf/file.h"
#include "quantize/importance.h"
#include "quantize/recipe.h"

namespace lt::quantize {

// The type that a user chose for the tensors that a pattern fits.
struct TensorRule {
  std::string pattern;
  Type type;
  std::set<std::string, std::less<>> names;  // in the file, of the tensors that it fits
};

struct Options {
  std::string recipe;                            // "Q4_K_M"; "COPY": every tensor as it is
  std::shared_ptr<const Importance> importance;  // null: none
  std::string importance_name;                   // what the output says of it
  bool allow_requantize = false;                 // of tensors that are quantized already
  bool leave_output = false;                     // output.weight stays as it is
  bool pure = false;                             // the recipe's base for all
  bool keep_split = false;                       // as many files as the input has
  std::optional<Type> output_type, embedding_type;
  std::vector<TensorRule> tensor_types;  // the first that fits a tensor counts, before all else but leave_output
  std::vector<int64_t> pruned;           // layers to leave out
  std::vector<gguf::Field> overrides;    // of the metadata
  uint64_t target_bytes = 0;             // of the file; types are chosen for it (budget.h); 0: as the recipe says
  double target_bpw = 0;                 // the same, as bits a weight over all tensors
  int threads = 0;                       // 0: as many as the process may use
  bool keep_partial = false;             // when stopped, for a later run to go on with
};

// One tensor of the output.
struct Choice {
  const gguf::HostTensor* from;
  std::string source;  // its name in the input. Kept here: the input may be cut while it is read, and its names with it
  std::string name;    // with its layer's new number
  Type to;
  bool open;   // a matrix whose type may be chosen
  bool fixed;  // the type is not the recipe's: the user said it of this very tensor, or it stays as it is
  uint64_t bytes() const;
};

struct Plan {
  std::string type;                   // as people name it
  std::optional<uint32_t> file_type;  // what the output calls itself; nothing: readers find out
  std::vector<Choice> choices;        // in the order of the input
  std::vector<std::string> notes;     // what is done otherwise than was asked for, a sentence each
};

// Vectors, norms, routers and the like stay as they are, whatever pattern fits them; a type whose blocks do not divide a tensor's rows
// gives way to another, which the notes tell. Throws Code::argument: unknown names, a quantized input without leave to requantize, a
// pattern that fits no tensor that can be quantized, a layer to prune that is not there.
Plan make_plan(const gguf::File& file, const Options& options);

// Whether the choice's type may still be another than the plan's.
bool open_to_choice(const Choice& choice, const Options& options);

// The metadata of the output, from those of the input (Layers::metadata).
std::vector<gguf::Field> metadata_of(std::vector<gguf::Field> input, const Options& options, const Plan& plan);

}  // namespace lt::quantize
