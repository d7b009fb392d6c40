// What folders of models with Mamba or Mamba 2 in their layers have in common.
#pragma once
#include "convert/decoder.h"

namespace lt::convert {

// How config.json calls the sizes of a state space.
struct MambaKeys {
  const char *kernel, *state, *rank, *expand;
  const char* inner = nullptr;  // columns; null, or absent: `expand` times the width
};
struct Mamba2Keys {
  const char *kernel, *state, *groups, *heads, *head;
};

constexpr int64_t unbounded = 1 << 20;  // the context of models whose positions are a recurrence's alone

void describe_mamba(const Config& config, Description& to, const MambaKeys& keys);
void describe_mamba2(const Config& config, Description& to, const Mamba2Keys& keys);

// mixer: how the names of its tensors begin.
Rules mamba_rules(std::string_view mixer, Held held);
Rules mamba2_rules(std::string_view mixer, Held held, bool normed = true);

}  // namespace lt::convert
