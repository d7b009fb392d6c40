// Regular expressions as split rules are written in (Oniguruma's syntax, which the library "tokenizers" reads), as a tree.
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "tokenize/char_set.h"

namespace lt::tokenize {

struct Node {
  enum class Kind {
    set,       // one character of `set`
    sequence,  // `parts`, one after the other; of none nothing
    choice,    // the first of `parts` that leads to a match
    repeat,    // parts[0], `least` to `most` times
    next,      // the next character is of `set`; `edge`: or there is none
    previous,  // the same of the one before
    look,      // parts[0] matches from here on; `inverted`: does not
  };
  static constexpr int kNoLimit = -1;

  Kind kind = Kind::sequence;
  CharSet set;
  std::vector<Node> parts;
  int least = 0, most = kNoLimit;
  bool lazy = false;
  bool edge = false;
  bool inverted = false;
};

// Throws Code::unsupported for what is no such expression or has what is not built: groups taken whole, what was captured, look-behind
// further than one character.
Node parse_pattern(std::string_view pattern);

}  // namespace lt::tokenize
