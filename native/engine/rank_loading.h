// A model loaded by several ranks together, and what each of them does from then on.
#pragma once
#include <memory>
#include <string>

#include "engine/loaded_model.h"

namespace lt::engine {

// Loads as rank 0, together with the others.
LoadedModel lead(const std::shared_ptr<comm::Comm>& comm, std::shared_ptr<const gguf::File> file, const EngineOptions& options,
                 const Progress& progress);

// Follows rank 0 until it ends: computes its steps, loads what it loads. `path` and `options` are this rank's own, and must be
// as rank 0's are. Throws what ended it.
void follow(const std::shared_ptr<comm::Comm>& comm, const std::string& path, const EngineOptions& options);

}  // namespace lt::engine
