#include "tokenize/char_set.h"

#include <algorithm>
#include <string>

#include "tokenize/unicode.h"

namespace lt::tokenize {
namespace {

// Walks the bounds of two sets at once; keeps(in_a, in_b) says what the result holds.
template <class Keeps>
std::vector<char32_t> joined_bounds(const std::vector<char32_t>& a, const std::vector<char32_t>& b, const Keeps& keeps) {
  std::vector<char32_t> out;
  size_t i = 0, j = 0;
  bool in = false;
  while (i < a.size() || j < b.size()) {
    const char32_t at = std::min(i < a.size() ? a[i] : CharSet::kEnd, j < b.size() ? b[j] : CharSet::kEnd);
    if (i < a.size() && a[i] == at) ++i;
    if (j < b.size() && b[j] == at) ++j;
    if (keeps(i % 2 == 1, j % 2 == 1) != in) {
      out.push_back(at);
      in = !in;
    }
  }
  return out;
}

std::string plain_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if (c == ' ' || c == '-' || c == '_') continue;
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

// Long names of categories, and names of Oniguruma's for sets of them.
struct LongName {
  std::string_view name, category;
};
constexpr LongName kLongNames[] = {{"letter", "l"},
                                   {"uppercaseletter", "lu"},
                                   {"lowercaseletter", "ll"},
                                   {"titlecaseletter", "lt"},
                                   {"modifierletter", "lm"},
                                   {"otherletter", "lo"},
                                   {"mark", "m"},
                                   {"number", "n"},
                                   {"decimalnumber", "nd"},
                                   {"digit", "nd"},
                                   {"punctuation", "p"},
                                   {"punct", "p"},
                                   {"symbol", "s"},
                                   {"separator", "z"},
                                   {"other", "c"},
                                   {"alpha", "alphabetic"},
                                   {"upper", "uppercase"},
                                   {"lower", "lowercase"},
                                   {"space", "whitespace"},
                                   {"control", "cc"},
                                   {"cntrl", "cc"},
                                   {"unassigned", "cn"}};

}  // namespace

CharSet CharSet::range(char32_t first, char32_t last) {
  CharSet set;
  set.bounds_ = {first, last + 1};
  return set;
}

bool CharSet::named(std::string_view name, CharSet& to) {
  std::string plain = plain_name(name);
  for (const LongName& n : kLongNames)
    if (n.name == plain) plain = n.category;
  if (plain == "any") return to = all(), true;
  if (plain == "whitespace") plain = "white_space";
  if (const auto bounds = property_bounds(plain); !bounds.empty()) {
    to.bounds_.assign(bounds.begin(), bounds.end());
    if (to.bounds_.size() % 2 == 1) to.bounds_.push_back(kEnd);
    return true;
  }
  if (plain.empty() || plain.size() > 2) return false;
  uint32_t wanted = 0;  // a bit a category
  for (size_t i = 0; i < static_cast<size_t>(kCategoryCount); ++i) {
    const std::string_view category = kCategoryNames.substr(2 * i, 2);
    const bool first = static_cast<char>(category[0] - 'A' + 'a') == plain[0];
    if (first && (plain.size() == 1 || category[1] == plain[1])) wanted |= 1u << i;
  }
  if (wanted == 0) return false;
  to.bounds_.clear();
  for (const uint32_t run : category_runs()) {
    const bool in = wanted >> (run & 31) & 1;
    if (in != (to.bounds_.size() % 2 == 1)) to.bounds_.push_back(run >> 5);
  }
  if (to.bounds_.size() % 2 == 1) to.bounds_.push_back(kEnd);
  return true;
}

CharSet CharSet::known(std::string_view name) {
  CharSet set;
  named(name, set);
  return set;
}

void CharSet::add(const CharSet& other) {
  bounds_ = joined_bounds(bounds_, other.bounds_, [](bool a, bool b) { return a || b; });
}

CharSet CharSet::inverted() const {
  CharSet out;
  out.bounds_ = joined_bounds(bounds_, all().bounds_, [](bool a, bool b) { return b && !a; });
  return out;
}

CharSet CharSet::meeting(const CharSet& other) const {
  CharSet out;
  out.bounds_ = joined_bounds(bounds_, other.bounds_, [](bool a, bool b) { return a && b; });
  return out;
}

CharSet CharSet::any_case() const {
  CharSet out = *this;
  const std::span<const char32_t> sets = case_sets();
  for (size_t begin = 0, end = 0; end < sets.size(); ++end) {
    if (sets[end] != 0) continue;
    const auto alike = sets.subspan(begin, end - begin);
    if (std::any_of(alike.begin(), alike.end(), [&](char32_t code) { return has(code); }))
      for (const char32_t code : alike) out.add(one(code));
    begin = end + 1;
  }
  return out;
}

bool CharSet::has(char32_t code) const { return (std::upper_bound(bounds_.begin(), bounds_.end(), code) - bounds_.begin()) % 2 == 1; }

}  // namespace lt::tokenize
