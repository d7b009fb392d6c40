// Regular expressions of ECMA-262 (its flag u), as a tree.
#pragma once
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "tokenize/char_set.h"

namespace lt::grammar {

struct Pattern {
  enum class Kind {
    set,       // one character of `set`
    sequence,  // `parts` one after the other
    choice,    // one of `parts`
    repeat,    // parts[0], `least` to `most` times
    begin,     // of the text
    end,       // of the text
    edge,      // of a word; `inverted`: not there
    ahead,     // parts[0] follows; `inverted`: it does not
    behind,    // the character before is of `set`; `inverted`: it is not, or there is none
  };
  static constexpr uint32_t no_limit = std::numeric_limits<uint32_t>::max();

  Kind kind = Kind::sequence;
  tokenize::CharSet set = {};
  std::vector<Pattern> parts = {};
  uint32_t least = 0, most = no_limit;
  bool inverted = false;
  bool pure = true;  // it and its parts look at nothing beside what they match
};

// Throws Code::argument for what is no such expression, Code::unsupported for what is not built: references to groups, what is looked
// behind at but single characters.
Pattern parse_ecma(std::string_view pattern);

}  // namespace lt::grammar
