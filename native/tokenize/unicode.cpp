#include "tokenize/unicode.h"

#include <algorithm>
#include <iterator>

namespace lt::tokenize {

namespace {

constexpr uint32_t kRuns[] = {
#include "tokenize/unicode_table.inc"
};

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

Class class_of(char32_t code) {
  // The run before the first that begins after `code`.
  const auto* after = std::upper_bound(std::begin(kRuns), std::end(kRuns), static_cast<uint32_t>(code) << 3 | 7u);
  return static_cast<Class>(after[-1] & 7);
}

Read read_utf8(std::string_view text, size_t at) {
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
