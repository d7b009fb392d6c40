#include "grammar/schema_places.h"

#include <algorithm>
#include <charconv>

namespace lt::grammar {

std::string below(const std::string& pointer, std::string_view key) {
  std::string all = pointer + "/";
  for (const char c : key) {
    if (c == '~')
      all += "~0";
    else if (c == '/')
      all += "~1";
    else
      all += c;
  }
  return all;
}
std::string below(const std::string& pointer, std::string_view key, size_t i) { return below(pointer, key) + "/" + std::to_string(i); }

std::string resolved(const std::string& base, std::string_view name) {
  const auto scheme_end = [](std::string_view s) {
    const size_t colon = s.find(':');
    return colon == std::string_view::npos || s.find_first_of("/?#") < colon ? 0 : colon + 1;
  };
  if (scheme_end(name) > 0 || base.empty()) return std::string(name);
  const size_t scheme = scheme_end(base);
  if (name.starts_with("//")) return base.substr(0, scheme) + std::string(name);
  const bool authority = std::string_view(base).substr(scheme).starts_with("//");
  const size_t path = authority ? std::min(base.find('/', scheme + 2), base.size()) : scheme;
  if (name.starts_with("/")) return base.substr(0, path) + std::string(name);
  size_t folder = base.rfind('/');
  if (folder == std::string::npos || folder < path) return base.substr(0, path) + (authority ? "/" : "") + std::string(name);
  for (; name.starts_with("./") || name.starts_with("../");) {
    if (name.starts_with("../")) {
      if (folder > path) folder = base.rfind('/', folder - 1);
      name.remove_prefix(3);
    } else {
      name.remove_prefix(2);
    }
  }
  return base.substr(0, folder + 1) + std::string(name);
}

std::string percent_decoded(std::string_view text) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3) {
      plain += static_cast<char>(value);
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

json::Value step(json::Value from, std::string_view token) {
  std::string key;
  for (size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1'))
      key += token[++i] == '0' ? '~' : '/';
    else
      key += token[i];
  }
  if (!from.is(json::Kind::array)) return from[key];
  size_t index = 0;
  if (key.empty() || std::from_chars(key.data(), key.data() + key.size(), index).ptr != key.data() + key.size()) return {};
  for (const auto& [none, element] : from)
    if (index-- == 0) return element;
  return {};
}

}  // namespace lt::grammar
