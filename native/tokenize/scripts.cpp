#include "tokenize/scripts.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "tokenize/unicode.h"

namespace lt::tokenize {
namespace {

#include "tokenize/script_table.inc"

constexpr int kNoScript = 0;

int script_of(const Read& read) {
  if (!read.whole || read.code == ' ') return kNoScript;
  const uint32_t* after = std::upper_bound(std::begin(kScripts), std::end(kScripts), read.code << 8 | 0xFF);
  return static_cast<int>(*(after - 1) & 0xFF);
}

// The first character from `at` on whose script differs(script).
template <class Differs>
size_t first_of(std::string_view text, size_t at, const Differs& differs) {
  while (at < text.size()) {
    const Read read = read_utf8(text, at);
    const int script = script_of(read);
    if (script != kNoScript && differs(script)) return at;
    at += read.bytes;
  }
  return at;
}

}  // namespace

size_t script_begin(std::string_view text, size_t from) {
  return first_of(text, from, [](int) { return true; });
}

size_t script_end(std::string_view text, size_t begin) {
  const int own = script_of(read_utf8(text, begin));
  return first_of(text, begin, [&](int script) { return script != own; });
}

}  // namespace lt::tokenize
