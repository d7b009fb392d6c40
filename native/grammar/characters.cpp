#include "grammar/characters.h"

#include <algorithm>
#include <array>
#include <vector>

namespace lt::grammar {
namespace {

using Bytes = std::array<uint8_t, 4>;

size_t utf8(char32_t code, Bytes& to) {
  const auto tail = [&](size_t i, int shift) { to[i] = static_cast<uint8_t>(0x80 | (code >> shift & 0x3f)); };
  if (code < 0x80) return to[0] = static_cast<uint8_t>(code), 1;
  if (code < 0x800) return to[0] = static_cast<uint8_t>(0xc0 | code >> 6), tail(1, 0), 2;
  if (code < 0x10000) return to[0] = static_cast<uint8_t>(0xe0 | code >> 12), tail(1, 6), tail(2, 0), 3;
  return to[0] = static_cast<uint8_t>(0xf0 | code >> 18), tail(1, 12), tail(2, 6), tail(3, 0), 4;
}

// Codes of equal length from `first` to `last`, cut where the bytes behind the first that differs do not run from 80 to BF.
class Ranges {
 public:
  explicit Ranges(Expressions& e) : e_(e) {}

  void add(char32_t first, char32_t last) {
    for (const char32_t end : {char32_t{0x7f}, char32_t{0x7ff}, char32_t{0xd7ff}, char32_t{0xdfff}, char32_t{0xffff}, char32_t{0x10ffff}}) {
      if (first > last) return;
      if (first > end) continue;
      if (end != 0xdfff) add_equal(first, std::min(last, end));
      first = end + 1;
    }
  }
  Expression whole() { return e_.either(ways_); }

 private:
  void add_equal(char32_t first, char32_t last) {
    for (int shift = 6; shift <= 18; shift += 6) {
      const char32_t mask = (char32_t{1} << shift) - 1;
      if ((first & ~mask) == (last & ~mask)) break;
      if ((first & mask) != 0) {
        add_equal(first, first | mask);
        return add_equal((first | mask) + 1, last);
      }
      if ((last & mask) != mask) {
        add_equal(first, (last & ~mask) - 1);
        return add_equal(last & ~mask, last);
      }
    }
    Bytes from{}, to{};
    const size_t n = utf8(first, from);
    utf8(last, to);
    std::array<Expression, 4> bytes{};
    for (size_t i = 0; i < n; ++i) bytes[i] = e_.byte_of(ByteSet::range(from[i], to[i]));
    ways_.push_back(e_.sequence(std::span(bytes).first(n)));
  }

  Expressions& e_;
  std::vector<Expression> ways_;
};

}  // namespace

Expression one_of(Expressions& expressions, const tokenize::CharSet& set) {
  Ranges ranges(expressions);
  for (size_t i = 0; i + 1 < set.bounds().size(); i += 2) ranges.add(set.bounds()[i], set.bounds()[i + 1] - 1);
  return ranges.whole();
}

Expression any_text(Expressions& expressions) {
  return expressions.repeat(one_of(expressions, tokenize::CharSet::all()), 0, Expressions::no_limit);
}

}  // namespace lt::grammar
