// Names of tensors by the patterns of rules.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "convert/architecture.h"

namespace lt::convert {

// The numbers in place of the pattern's {}; none where the name is another.
std::optional<std::vector<int64_t>> match(std::string_view pattern, std::string_view name);
// The pattern with the first number in place of its {}.
std::string filled(std::string_view pattern, const std::vector<int64_t>& numbers);
// Whether several tensors of the folder, told apart by their last number, become one.
bool stacks(const Rule& rule);
size_t holes(std::string_view pattern);
// A folder's name as the rules have it.
std::string plain_name(const Architecture& architecture, std::string_view stored);

}  // namespace lt::convert
