// How values are written by models that do not write them as JSON, or not all of them.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/expressions.h"

namespace lt::grammar {

// A text that may have control tokens in it.
using Spell = std::function<Expression(std::string_view)>;

enum class ValueKind : uint8_t { string, number, boolean, null, array, object };
constexpr size_t value_kinds = 6;

// The properties of the outermost object where each stands on its own: in tags, or as an argument by its name.
struct Properties {
  std::string first = {}, none = {};                                  // in front of the first; in place of all, where there are none
  std::string open = {};                                              // in front of each key
  std::array<std::string, value_kinds> behind_key = {}, behind = {};  // by the kind of its value: between the two, and behind the value
  std::string between = {};
  // Strings stand as they are, and hold no `close`; so does what is in other values. Else values are written as everywhere.
  bool raw = false;
  std::string close = {};
  bool told = false;                    // what stands behind the key tells whether a string follows
  std::vector<std::string> texts = {};  // properties which are read as strings whatever they look like
  bool lines = false;                   // a line break on either side is not the value's
  bool literals = false;                // true, false and null may be Python's
};

struct Writing {
  // But for JSON, true, false and null may be Python's.
  enum class Values : uint8_t {
    json,
    python,  // strings in quotes of either kind
    marked,  // strings between marks, with nothing escaped; keys without quotes
  };
  Values values = Values::json;
  std::string mark = {};
  bool sorted = false;  // the keys of objects come in the order of their letters, whatever their case
  std::optional<Properties> apart = {};
};

}  // namespace lt::grammar
