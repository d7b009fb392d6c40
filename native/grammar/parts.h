// Texts made of parts: what stands as it is, what matches, what a schema allows; one behind the other, in place of another, repeated.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/grammar.h"
#include "grammar/vocabulary.h"
#include "grammar/writing.h"

namespace lt::grammar {

struct Part {
  enum class Kind : uint8_t {
    text,     // control tokens in it are recognised, but for those that end a text
    end,      // the same; from a token on that ends a text, nothing needs to be written
    pattern,  // a regular expression, ECMA-262
    schema,   // as `writing` has its values
    sequence,
    choice,
    repeat,  // any number of times
  };
  Kind kind = Kind::text;
  std::string text = {};
  std::string where = {};  // of a schema: how its errors begin
  bool any_space = false;  // of a schema: SchemaOptions
  Writing writing = {};
  std::vector<Part> parts = {};
};

// Throws what regular expressions and schemas throw, and Code::unsupported where no text is left.
std::shared_ptr<Grammar> grammar_of(const Part& whole, SchemaOptions options, const Vocabulary& vocabulary);

}  // namespace lt::grammar
