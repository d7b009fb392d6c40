// Which rows of a step have which adapters.
#pragma once
#include <span>
#include <vector>

#include "engine/engine.h"
#include "engine/rows.h"

namespace lt::engine {

// A row whose request has adapters.
struct AdaptedRow {
  int32_t row, token;
  std::span<const AdapterShare> shares;  // ascending
};

// Of so many loaded adapters and tokens. `of_outputs`: what products of layers alone read is left out. Leaves lists empty where no row is.
void describe_adapted(HostAdapted& to, std::span<const AdaptedRow> rows, int64_t adapters, int64_t vocabulary, bool of_outputs);

}  // namespace lt::engine
