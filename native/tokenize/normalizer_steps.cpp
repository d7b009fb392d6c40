#include "tokenize/normalizer_steps.h"

#include <algorithm>
#include <iterator>

#include "tokenize/byte_alphabet.h"
#include "tokenize/char_set.h"
#include "tokenize/grapheme.h"
#include "tokenize/normal_form.h"
#include "tokenize/unicode.h"

namespace lt::tokenize {
namespace {

// put(code, text) of every character; what is none stays.
template <class Put>
void each_character(std::string_view text, std::string& out, const Put& put) {
  for (size_t at = 0; at < text.size();) {
    const Read read = read_utf8(text, at);
    const std::string_view letter = text.substr(at, read.bytes);
    read.whole ? put(read.code, letter) : void(out += letter);
    at += read.bytes;
  }
}

bool is_dropped_control(char32_t code) {
  static const CharSet set = CharSet::known("tokenizerscontrols");
  return code < 0x80 ? code < 0x20 || code == 0x7F : set.has(code);
}

bool is_plain_mark(char32_t code) {
  static const CharSet set = CharSet::known("tokenizersmarks");
  return code >= 0x300 && set.has(code);
}

bool nmt_drops(char32_t c) { return (c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F; }

bool nmt_spaces(char32_t c) {
  return c == 0x9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 ||
         c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
}

}  // namespace

bool is_han(char32_t c) {
  struct Range {
    char32_t first, last;
  };
  static constexpr Range ranges[] = {{0x4E00, 0x9FFF},   {0x3400, 0x4DBF},   {0x20000, 0x2A6DF}, {0x2A700, 0x2B73F},
                                     {0x2B740, 0x2B81F}, {0x2B920, 0x2CEAF}, {0xF900, 0xFAFF},   {0x2F800, 0x2FA1F}};
  return c >= 0x3400 && std::any_of(std::begin(ranges), std::end(ranges), [&](const Range& r) { return c >= r.first && c <= r.last; });
}

void append_without_accents(std::string_view text, std::string& out) {
  each_character(text, out, [&](char32_t code, std::string_view letter) {
    if (!is_combining_mark(code)) out += letter;
  });
}

void append_without_plain_marks(std::string_view text, std::string& out) {
  each_character(text, out, [&](char32_t code, std::string_view letter) {
    if (!is_plain_mark(code)) out += letter;
  });
}

void append_clean(std::string_view text, std::string& out) {
  each_character(text, out, [&](char32_t code, std::string_view letter) {
    const bool kept = code == '\t' || code == '\n' || code == '\r' || !is_dropped_control(code);
    if (kept) out += is_space(code) ? std::string_view(" ") : letter;
  });
}

void append_spaced_han(std::string_view text, std::string& out) {
  each_character(text, out, [&](char32_t code, std::string_view letter) {
    const bool han = is_han(code);
    if (han) out += ' ';
    out += letter;
    if (han) out += ' ';
  });
}

void append_nmt(std::string_view text, std::string& out) {
  each_character(text, out, [&](char32_t code, std::string_view letter) {
    if (!nmt_drops(code)) out += nmt_spaces(code) ? std::string_view(" ") : letter;
  });
}

void append_byte_letters(std::string_view text, std::string& out) { ByteAlphabet::get().spell(text, out); }

void append_mapped(std::string_view text, const CharacterMap& map, std::string& out) {
  constexpr size_t most_bytes = 5;
  const auto put = [&](std::string_view chunk) {
    const CharacterMap::Found found = map.shortest(chunk);
    if (found.bytes > 0) out += found.by;
    return found.bytes > 0;
  };
  for (size_t at = 0; at < text.size();) {
    const size_t end = grapheme_end(text, at);
    if (end - at <= most_bytes && put(text.substr(at, end - at))) {
      at = end;
      continue;
    }
    while (at < end) {
      const std::string_view letter = text.substr(at, read_utf8(text, at).bytes);
      if (!put(letter)) out += letter;
      at += letter.size();
    }
  }
}

}  // namespace lt::tokenize
