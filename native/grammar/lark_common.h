// The terminals of lark-parser's library `common`, by their names.
#pragma once
#include <optional>
#include <string_view>

namespace lt::grammar {

// The regular expression that one is.
std::optional<std::string_view> common_terminal(std::string_view name);

}  // namespace lt::grammar
