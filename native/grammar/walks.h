// Masks asked step by step, as a text's tokens or a random draw go: what a bound text could have been, without a model.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "grammar/masks.h"

namespace lt::grammar {

// The tokens of a text, each checked in the whole mask of its place.
struct Walk {
  std::vector<int32_t> ids;
  std::optional<uint64_t> detours;  // a seed: now and then some other tokens are taken first, and taken back
};

struct Walked {
  std::optional<uint32_t> refused;  // the first token that was
  std::optional<uint32_t> dead;     // where no token was allowed
  std::vector<uint32_t> ends;       // behind how many tokens the text could end
  bool end = false;                 // behind the last
  std::vector<double> mask_us;      // how long each mask took, microseconds
};

Walked walk(Masks& masks, const Walk& of);

// Behind a prefix; empty where it is not allowed itself.
std::vector<uint64_t> mask_behind(Masks& masks, std::span<const int32_t> prefix);

// A text of tokens that are drawn from what is allowed, each with its weight.
struct Draw {
  uint64_t seed = 0;
  size_t most = 0;                                      // tokens
  std::span<const std::pair<int32_t, double>> weights;  // of some tokens; the others' is 1
};

struct Drawn {
  std::vector<int32_t> ids;
  bool complete = false;  // an end was drawn
  bool stuck = false;     // nothing was allowed
};

Drawn draw(Masks& masks, const Draw& of);

}  // namespace lt::grammar
