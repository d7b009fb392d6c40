// What can be told of a request at once.
#pragma once
#include "engine/engine.h"

namespace lt::engine {

// Throws Code::argument, Code::context.
void check(const Request& request, const ModelInfo& model);

}  // namespace lt::engine
