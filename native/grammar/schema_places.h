// Where something stands in a schema: JSON pointers (RFC 6901), and names of schemas (RFC 3986).
#pragma once
#include <string>
#include <string_view>

#include "json/json.h"

namespace lt::grammar {

// A pointer to what is called so below another; to its i-th element.
std::string below(const std::string& pointer, std::string_view key);
std::string below(const std::string& pointer, std::string_view key, size_t i);
// One step of a pointer; absent where there is none.
json::Value step(json::Value from, std::string_view token);
// A name as it is meant where the base is this (section 5.2, without dot segments but leading ones).
std::string resolved(const std::string& base, std::string_view name);
std::string percent_decoded(std::string_view text);

}  // namespace lt::grammar
