// Exactly one of some texts.
#pragma once
#include <span>
#include <string>

#include "grammar/expressions.h"

namespace lt::grammar {

// What they begin with alike is there once. Throws Code::argument where there are none, and for what is not UTF-8.
Expression one_of(Expressions& expressions, std::span<const std::string> texts);

}  // namespace lt::grammar
