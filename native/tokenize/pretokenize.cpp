#include "tokenize/pretokenize.h"

#include <algorithm>

namespace lt::tokenize {
namespace {

// Calls f with each of the names; true where one does.
template <class F>
bool any_name(std::string_view names, const F& f) {
  while (!names.empty()) {
    const size_t end = std::min(names.find(' '), names.size());
    if (f(names.substr(0, end))) return true;
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return false;
}

}  // namespace

const Pretokenizer* find_pretokenizer(std::string_view pre) {
  if (pre.empty()) pre = "default";
  for (const Pretokenizer& one : pretokenizers())
    if (any_name(one.names, [&](std::string_view name) { return name == pre; })) return &one;
  return nullptr;
}

std::string known_pretokenizers() {
  std::vector<std::string_view> all;
  for (const Pretokenizer& one : pretokenizers()) any_name(one.names, [&](std::string_view name) { return all.push_back(name), false; });
  std::sort(all.begin(), all.end());
  std::string names;
  for (const std::string_view name : all) (names += names.empty() ? "" : ", ") += name;
  return names;
}

Splitter::Splitter(std::span<const std::string_view> patterns) {
  for (const std::string_view p : patterns) steps_.push_back({Pattern(p), Split::Match::isolated, false});
}

Splitter::Splitter(std::span<const Split> splits) {
  for (const Split& s : splits) steps_.push_back({Pattern(s.pattern), s.match, s.inverted});
}

}  // namespace lt::tokenize
