// A set of code points, as sorted ranges.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

namespace lt::tokenize {

class CharSet {
 public:
  static constexpr char32_t kEnd = 0x110000;  // one past the last code point

  CharSet() = default;
  static CharSet all() { return range(0, kEnd - 1); }
  static CharSet one(char32_t code) { return range(code, code); }
  static CharSet range(char32_t first, char32_t last);
  // A general category (L, Lu), a script or a property, as regular expressions name it; case, spaces, - and _ do not count.
  // False: none is called so.
  static bool named(std::string_view name, CharSet& to);
  static CharSet known(std::string_view name);  // of one that there is

  void add(const CharSet& other);
  CharSet inverted() const;
  CharSet meeting(const CharSet& other) const;  // what both have
  CharSet any_case() const;                     // with the letters that differ from its own by case alone

  bool has(char32_t code) const;
  bool empty() const { return bounds_.empty(); }
  bool operator==(const CharSet&) const = default;
  // Where it begins and where it ends, in turn, in order.
  const std::vector<char32_t>& bounds() const { return bounds_; }

 private:
  std::vector<char32_t> bounds_;
};

}  // namespace lt::tokenize
