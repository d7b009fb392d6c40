#include "convert/names.h"

#include <charconv>

namespace lt::convert {

std::optional<std::vector<int64_t>> match(std::string_view pattern, std::string_view name) {
  std::vector<int64_t> numbers;
  for (size_t hole = pattern.find("{}"); hole != std::string_view::npos; hole = pattern.find("{}")) {
    if (!name.starts_with(pattern.substr(0, hole))) return std::nullopt;
    name.remove_prefix(hole);
    pattern.remove_prefix(hole + 2);
    int64_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error != std::errc() || number < 0) return std::nullopt;
    name.remove_prefix(static_cast<size_t>(end - name.data()));
    numbers.push_back(number);
  }
  return name == pattern ? std::optional(numbers) : std::nullopt;
}

std::string filled(std::string_view pattern, const std::vector<int64_t>& numbers) {
  const size_t hole = pattern.find("{}");
  if (hole == std::string_view::npos || numbers.empty()) return std::string(pattern);
  return std::string(pattern.substr(0, hole)) + std::to_string(numbers[0]) + std::string(pattern.substr(hole + 2));
}

size_t holes(std::string_view pattern) {
  size_t count = 0;
  for (size_t at = pattern.find("{}"); at != std::string_view::npos; at = pattern.find("{}", at + 2)) count++;
  return count;
}

bool stacks(const Rule& rule) { return holes(rule.from) > holes(rule.to); }

std::string plain_name(const Architecture& architecture, std::string_view stored) {
  for (const Renamed& r : architecture.endings)
    if (stored.ends_with(r.stored)) return std::string(stored.substr(0, stored.size() - r.stored.size())) + std::string(r.plain);
  for (const Renamed& r : architecture.renamed)
    if (stored.starts_with(r.stored)) return std::string(r.plain) + std::string(stored.substr(r.stored.size()));
  return std::string(stored);
}

}  // namespace lt::convert
