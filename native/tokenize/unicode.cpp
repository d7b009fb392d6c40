#include "tokenize/unicode.h"

#include <algorithm>
#include <array>
#include <iterator>

namespace lt::tokenize {

namespace {

struct NamedBounds {
  std::string_view name;
  size_t count;
};
#include "tokenize/unicode_table.inc"

// Well-formed sequences (Unicode 15.0, table 3-7): the lead byte gives the length and the range of the second byte.
struct Lead {
  uint8_t bytes;
  uint8_t low;
  uint8_t high;
};

Lead lead_of(uint8_t byte) {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte < 0xF0) return {3, static_cast<uint8_t>(byte == 0xE0 ? 0xA0 : 0x80), static_cast<uint8_t>(byte == 0xED ? 0x9F : 0xBF)};
  if (byte < 0xF5) return {4, static_cast<uint8_t>(byte == 0xF0 ? 0x90 : 0x80), static_cast<uint8_t>(byte == 0xF4 ? 0x8F : 0xBF)};
  return {0, 0, 0};
}

}  // namespace

Category category_of(char32_t code) {
  if (code > 0x10FFFF) return Category::Cn;
  static const auto low = [] {
    std::array<uint8_t, 0x800> of;
    for (size_t run = 0; run < std::size(kCategories); ++run)
      for (size_t c = kCategories[run] >> 5; c < of.size() && (run + 1 == std::size(kCategories) || c < kCategories[run + 1] >> 5); ++c)
        of[c] = kCategories[run] & 31;
    return of;
  }();
  if (code < low.size()) return static_cast<Category>(low[code]);
  // The run before the first that begins after `code`.
  const auto* after = std::upper_bound(std::begin(kCategories), std::end(kCategories), static_cast<uint32_t>(code) << 5 | 31u);
  return static_cast<Category>(after[-1] & 31);
}

bool is_space(char32_t code) {
  if (code < 0x80) return code == ' ' || (code >= '\t' && code <= '\r');
  const std::span<const char32_t> bounds = property_bounds("white_space");
  return (std::upper_bound(bounds.begin(), bounds.end(), code) - bounds.begin()) % 2 == 1;
}

std::span<const uint32_t> category_runs() { return kCategories; }

std::span<const char32_t> property_bounds(std::string_view name) {
  size_t begin = 0;
  for (const NamedBounds& p : kProperties) {
    if (p.name == name) return std::span(kBounds).subspan(begin, p.count);
    begin += p.count;
  }
  return {};
}

std::span<const char32_t> case_sets() { return kAlike; }

Read read_beyond_ascii(std::string_view text, size_t at) {
  if (at >= text.size()) return {kReplacement, 0, false, false};
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[at + i]); };
  const Lead lead = lead_of(byte(0));
  if (lead.bytes == 1) return {byte(0), 1, true, false};
  if (lead.bytes == 0) return {kReplacement, 1, false, false};
  char32_t code = byte(0) & (0xFFu >> (lead.bytes + 1));
  for (uint32_t i = 1; i < lead.bytes; ++i) {
    if (at + i >= text.size()) return {kReplacement, i, false, true};
    const uint8_t low = i == 1 ? lead.low : 0x80;
    const uint8_t high = i == 1 ? lead.high : 0xBF;
    if (byte(i) < low || byte(i) > high) return {kReplacement, i, false, false};
    code = code << 6 | (byte(i) & 0x3F);
  }
  return {code, lead.bytes, true, false};
}

Read read_before(std::string_view text, size_t end) {
  for (size_t bytes = 1; bytes <= std::min<size_t>(end, 4); ++bytes) {
    const Read read = read_utf8(text.substr(0, end), end - bytes);
    if (read.whole && read.bytes == bytes) return read;
  }
  return {kReplacement, 1, false, false};
}

}  // namespace lt::tokenize
