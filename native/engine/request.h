// What can be told of a request at once.
#pragma once
#include "engine/engine.h"

namespace lt::engine {

// tokens: how many of the vocabulary's rows have a name. Throws Code::argument, Code::context.
void check(const Request& request, const ModelInfo& model, int64_t tokens);
// The end-of-generation tokens.
std::vector<int32_t> ends_of(const tokenize::Tokenizer& tokenizer);
// A checked request as its sequence takes it: what is never chosen is banned.
Request ready(Request request, int64_t tokens, const std::vector<int32_t>& ends);

}  // namespace lt::engine
