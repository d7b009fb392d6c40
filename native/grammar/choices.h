// Exactly one of some texts.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "grammar/expressions.h"

namespace lt::grammar {

// One of some texts of any bytes. What they begin with alike is there once.
Expression either_of(Expressions& expressions, std::vector<std::string_view> texts);
// The same of UTF-8. Throws Code::argument where there are none, and for what is not so.
Expression one_of(Expressions& expressions, std::span<const std::string> texts);

}  // namespace lt::grammar
