// The ids of a prompt that comes in pieces.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "tokenize/tokenizer.h"

namespace lt::addon {

// `control`: control tokens written in it are recognised.
struct Segment {
  std::string text;
  bool control;
};

// Appends the pieces to `ids`. begin, end: the begin token in front, the end token behind, where the file asks for one and it is not there.
void encode_prompt(const tokenize::Tokenizer& tokenizer, const std::vector<Segment>& segments, bool begin, bool end,
                   std::vector<int32_t>& ids);

}  // namespace lt::addon
