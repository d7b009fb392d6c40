#include "tokenize/pretokenize.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/error.h"
#include "core/text.h"

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

std::vector<Split> splits_of(std::span<const std::string_view> told) {
  using Match = Split::Match;
  static constexpr std::pair<std::string_view, Match> names[] = {{"isolated", Match::isolated},
                                                                 {"removed", Match::removed},
                                                                 {"merged_with_previous", Match::merged_with_previous},
                                                                 {"merged_with_next", Match::merged_with_next},
                                                                 {"contiguous", Match::contiguous}};
  constexpr std::string_view inverted = "inverted ";
  std::vector<Split> out;
  for (size_t i = 0; i < told.size(); i += 2) {
    std::string_view name = told[i];
    const bool inverts = name.starts_with(inverted);
    if (inverts) name.remove_prefix(inverted.size());
    const auto* at = std::find_if(std::begin(names), std::end(names), [&](const auto& n) { return n.first == name; });
    if (at == std::end(names) || i + 1 == told.size())
      throw Error(Code::format, "tokenizer.huggingface.splits: expected what becomes of a match and a pattern, in turn, found \"" +
                                    shown(told[i]) + "\"");
    out.push_back({told[i + 1], at->second, inverts});
  }
  return out;
}

Splitter::Splitter(std::span<const std::string_view> patterns) {
  for (const std::string_view p : patterns) steps_.push_back({Pattern(p), Split::Match::isolated, false});
}

Splitter::Splitter(std::span<const Split> splits) {
  for (const Split& s : splits) steps_.push_back({Pattern(s.pattern), s.match, s.inverted});
}

}  // namespace lt::tokenize
