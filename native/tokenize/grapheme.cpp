#include "tokenize/grapheme.h"

#include <algorithm>
#include <iterator>

#include "tokenize/char_set.h"
#include "tokenize/unicode.h"

namespace lt::tokenize {
namespace {

struct CodeRange {
  char32_t first, last;
};

template <size_t N>
bool in_ranges(const CodeRange (&ranges)[N], char32_t code) {
  return std::any_of(std::begin(ranges), std::end(ranges), [&](const CodeRange& r) { return code >= r.first && code <= r.last; });
}

// GraphemeBreakProperty.txt: marks that stand before what they belong to, and spacing marks that do not join what is before them.
constexpr CodeRange kBefore[] = {{0x600, 0x605},     {0x6DD, 0x6DD},     {0x70F, 0x70F},     {0x890, 0x891},     {0x8E2, 0x8E2},
                                 {0xD4E, 0xD4E},     {0x110BD, 0x110BD}, {0x110CD, 0x110CD}, {0x111C2, 0x111C3}, {0x1193F, 0x1193F},
                                 {0x11941, 0x11941}, {0x11A3A, 0x11A3A}, {0x11A84, 0x11A89}, {0x11D46, 0x11D46}, {0x11F02, 0x11F02}};
constexpr CodeRange kApart[] = {{0x102B, 0x102C}, {0x1038, 0x1038}, {0x1062, 0x1064},  {0x1067, 0x106D}, {0x1083, 0x1083},
                                {0x1087, 0x108C}, {0x108F, 0x108F}, {0x109A, 0x109C},  {0x1A61, 0x1A61}, {0x1A63, 0x1A64},
                                {0xAA7B, 0xAA7B}, {0xAA7D, 0xAA7D}, {0x11720, 0x11721}};

constexpr char32_t kJoiner = 0x200D;

CharSet property(std::string_view name) {
  CharSet set;
  CharSet::named(name, set);
  return set;
}

bool extends(char32_t c) {
  static const CharSet set = property("graphemeextend");
  return (c >= 0x1F3FB && c <= 0x1F3FF) || set.has(c);
}

bool is_picture(char32_t c) {
  if (c < 0xA9) return false;
  static const CharSet set = property("extendedpictographic");
  return set.has(c);
}

bool stands_before(char32_t c) { return c >= 0x600 && in_ranges(kBefore, c); }

bool is_spacing(char32_t c) {
  if (c == 0xE33 || c == 0xEB3) return true;
  return category_of(c) == Category::Mc && !extends(c) && !in_ranges(kApart, c);
}

bool breaks(char32_t c) {
  const Category k = category_of(c);
  if (k == Category::Cc || k == Category::Zl || k == Category::Zp) return true;
  return k == Category::Cf && c != kJoiner && !extends(c) && !stands_before(c);
}

bool is_regional(char32_t c) { return c >= 0x1F1E6 && c <= 0x1F1FF; }

enum class Jamo { none, l, v, t, lv, lvt };

Jamo jamo_of(char32_t c) {
  if ((c >= 0x1100 && c <= 0x115F) || (c >= 0xA960 && c <= 0xA97C)) return Jamo::l;
  if ((c >= 0x1160 && c <= 0x11A7) || (c >= 0xD7B0 && c <= 0xD7C6)) return Jamo::v;
  if ((c >= 0x11A8 && c <= 0x11FF) || (c >= 0xD7CB && c <= 0xD7FB)) return Jamo::t;
  if (c < 0xAC00 || c > 0xD7A3) return Jamo::none;
  return (c - 0xAC00) % 28 == 0 ? Jamo::lv : Jamo::lvt;
}

bool joins_syllable(char32_t left, char32_t right) {
  const Jamo a = jamo_of(left), b = jamo_of(right);
  if (a == Jamo::l) return b == Jamo::l || b == Jamo::v || b == Jamo::lv || b == Jamo::lvt;
  if (a == Jamo::lv || a == Jamo::v) return b == Jamo::v || b == Jamo::t;
  return (a == Jamo::lvt || a == Jamo::t) && b == Jamo::t;
}

}  // namespace

size_t grapheme_end(std::string_view text, size_t at) {
  Read left = read_utf8(text, at);
  size_t end = at + left.bytes;
  if (!left.whole) return end;
  bool picture = is_picture(left.code);   // a picture, then what extends it
  bool paired = !is_regional(left.code);  // flags are pairs
  for (; end < text.size(); end += left.bytes) {
    const Read right = read_utf8(text, end);
    if (!right.whole) break;
    if (left.code == '\r' && right.code == '\n') return end + 1;
    if (right.code < 0x300 && !stands_before(left.code) && !is_picture(right.code)) break;
    if (breaks(left.code) || breaks(right.code)) break;
    const bool joined_picture = picture && left.code == kJoiner && is_picture(right.code);
    const bool joined_flag = !paired && is_regional(left.code) && is_regional(right.code);
    if (!extends(right.code) && right.code != kJoiner && !is_spacing(right.code) && !stands_before(left.code) && !joined_picture &&
        !joined_flag && !joins_syllable(left.code, right.code))
      break;
    paired |= joined_flag;
    picture = is_picture(right.code) || (picture && (extends(right.code) || right.code == kJoiner));
    left = right;
  }
  return end;
}

}  // namespace lt::tokenize
