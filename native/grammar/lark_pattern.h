// Regular expressions of terminals, as Python's re and Rust's regex read them alike.
#pragma once
#include <string_view>

#include "grammar/pattern_tree.h"

namespace lt::grammar {

struct TerminalFlags {
  bool any_case = false, dot_all = false;
};

// Throws Code::argument for what is no such expression, Code::unsupported for what is not built: what looks beyond its own match, what
// ends as soon as it may, references to groups, and what the two read differently.
Pattern parse_terminal(std::string_view pattern, TerminalFlags flags);

tokenize::CharSet word_letters();                   // of \w
tokenize::CharSet any_case_of(char32_t character);  // it, and what differs from it by case alone

}  // namespace lt::grammar
