// What must be the same on all ranks, and how rank 0 tells the others what it loads.
#pragma once
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/packet.h"

namespace lt::engine {

struct Identity {
  std::string version, file, options;
};
Identity identity_of(const gguf::File& file, const EngineOptions& options);
// Throws Code::argument naming the first rank that is not as rank 0.
void compare(const std::vector<Identity>& ranks);

bool exact_by_environment();  // LLAMA_TS_RANKS_EXACT=1

Packet& put_options(Packet& to, const EngineOptions& options);
EngineOptions take_options(Packet& from, const EngineOptions& own);  // what is not said stays as it is here

}  // namespace lt::engine
