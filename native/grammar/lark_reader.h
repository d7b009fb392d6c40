// Grammars in Lark's notation, read: what its definitions and statements say, as trees. What lark-parser's documentation and that of
// llguidance (docs/syntax.md) describe is taken as both read it.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"
#include "grammar/gbnf.h"

namespace lt::grammar {

struct LarkItem {
  enum class Kind : uint8_t {
    literal,   // the characters of `text`
    range,     // one character, from `first` to `last`
    pattern,   // a regular expression, `text`
    name,      // of the rule or terminal `symbol`
    token,     // one of `ids`, from the first of a pair to the second; `inverted`: one of text that is none of them
    json,      // that the JSON Schema `text` allows
    pieces,    // some of `parts`, which are literals, without a gap
    sequence,  // `parts` one after the other
    choice,    // one of `parts`
    both,      // what all `parts` are
    except,    // any text that parts[0] is not
    repeat,    // parts[0], `least` to `most` times
    made,      // the expression `symbol`, once it is
  };

  Kind kind = Kind::sequence;
  bool any_case = false, dot_all = false, inverted = false;
  uint32_t symbol = 0;
  uint32_t least = 0, most = Expressions::no_limit;
  char32_t first = 0, last = 0;
  size_t at = 0;  // where it begins in the grammar
  std::string text = {};
  std::vector<std::pair<uint32_t, uint32_t>> ids = {};
  std::vector<LarkItem> parts = {};
};

struct LarkSymbol {
  std::string name;
  bool terminal = false;
  size_t at = 0;  // where it is named first; once it is defined, where that is
  bool defined = false;
  bool lazy = false;                  // its texts end as soon as they may
  std::vector<LarkItem> suffix = {};  // what they end with, if that is said
  LarkItem body = {};
};

struct LarkGrammar {
  std::vector<LarkSymbol> symbols;  // the first is the rule `start`
  std::vector<LarkItem> ignored;
  bool ignored_once = false;  // else any number of times in one place
};

// Throws Code::argument for what is no grammar or names no token, Code::unsupported for what would change its texts and is not built, and
// for names of tokens where `names` is empty; each with its line and column.
LarkGrammar read_lark(std::string_view text, const TokenNames& names);

}  // namespace lt::grammar
