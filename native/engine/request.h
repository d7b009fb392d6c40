// What can be told of a request at once.
#pragma once
#include "engine/engine.h"

namespace lt::engine {

// Which rows of the vocabulary can be chosen.
struct Choosable {
  explicit Choosable(const tokenize::Tokenizer& tokenizer);

  int32_t tokens = 0;             // the rows behind the last that has a name are padding
  std::vector<int32_t> nameless;  // padding before it
  std::vector<int32_t> ends;      // the end-of-generation tokens
};

// Throws Code::argument, Code::context.
void check(const Request& request, const ModelInfo& model, const tokenize::Tokenizer& tokenizer);
// A checked request as its sequence takes it: what is never chosen is banned, and texts that are biased are tokens.
Request ready(Request request, const Choosable& choosable, const tokenize::Tokenizer& tokenizer, const ModelInfo& model);

}  // namespace lt::engine
