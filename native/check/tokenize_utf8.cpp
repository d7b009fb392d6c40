// Streaming detokenization: whole characters only, and the replacement character as the WHATWG decoder places it.
#include "check/check.h"
#include "check/tokenize_file.h"
#include "tokenize/unicode.h"

using namespace lt;
using tokenize::Utf8Stream;

namespace {

std::string at_once(std::string_view bytes) {
  Utf8Stream stream;
  std::string out = stream.push(bytes);
  out += stream.finish();
  return out;
}

// What is right: letters, and a dot for each replacement character.
std::string dots(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size(); at += tokenize::read_utf8(text, at).bytes)
    out += text.substr(at, 3) == "\xEF\xBF\xBD" ? '.' : text[at];
  return out;
}

std::string spelt(char32_t code) {
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  std::string s;
  const int more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  s.push_back(static_cast<char>((0xF00 >> (more + 1) & 0xFF) | code >> (6 * more)));
  for (int i = more - 1; i >= 0; --i) s.push_back(static_cast<char>(0x80 | (code >> (6 * i) & 63)));
  return s;
}

}  // namespace

CHECK_CASE("tokenize/utf8 keeps back what is not whole yet") {
  Utf8Stream stream;
  CHECK(stream.push("a\xF0\x9F") == "a");
  CHECK(stream.push("\xA6").empty());
  CHECK(stream.push("\x99z\xC3") == "\xF0\x9F\xA6\x99z");
  CHECK(dots(stream.finish()) == ".");
  CHECK(stream.finish().empty());
  CHECK(stream.push("b") == "b");
}

CHECK_CASE("tokenize/utf8 replaces maximal subparts") {
  // The examples of the Unicode Standard 15.0, tables 3-8 to 3-11.
  CHECK(dots(at_once("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41")) == "........A");
  CHECK(dots(at_once("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41")) == "........A");
  CHECK(dots(at_once("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42")) == ".....A..B");
  CHECK(dots(at_once("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41")) == "....A");
  CHECK(dots(at_once("\xF0\x9F\xA6")) == ".");
}

CHECK_CASE("tokenize/utf8 gives the same however the bytes are split") {
  check::Random random(1);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes;
    const char* parts[] = {"a", "é", "日", "🦙", "\x80", "\xC3", "\xE2\x82", "\xF0\x9F", "\xF0\x9F\xA6", "\xED\xA0", "\xFF", "\xF4\x90"};
    for (size_t i = random.below(12); i > 0; --i) bytes += parts[random.below(std::size(parts))];
    Utf8Stream stream;
    std::string out;
    for (size_t at = 0; at < bytes.size();) {
      const size_t n = 1 + random.below(4);
      out += stream.push(std::string_view(bytes).substr(at, n));
      for (size_t i = 0; i < out.size(); i += tokenize::read_utf8(out, i).bytes) CHECK(tokenize::read_utf8(out, i).whole);
      at += n;
    }
    out += stream.finish();
    CHECK(out == at_once(bytes));
  }
}

CHECK_CASE("tokenize/utf8 reads every code point") {
  for (char32_t code = 0; code < 0x110000; ++code) {
    const std::string s = spelt(code);
    const tokenize::Read read = tokenize::read_utf8(s, 0);
    const bool surrogate = code >= 0xD800 && code < 0xE000;
    CHECK(surrogate ? !read.whole && read.bytes == 1 : read.whole && read.code == code && read.bytes == s.size());
  }
}

CHECK_CASE("tokenize/classes of code points") {
  using tokenize::Category;
  using tokenize::category_of;
  using tokenize::is_space;
  CHECK(category_of(U'a') == Category::Ll && category_of(0x3042) == Category::Lo && category_of(0x10FFFF) == Category::Cn);
  CHECK(category_of(U'7') == Category::Nd && category_of(0x2160) == Category::Nl && category_of(0xBD) == Category::No);
  CHECK(is_space(U' ') && is_space(0x85) && is_space(0x3000) && !is_space(0x200B) && !is_space(U'a'));
  CHECK(category_of(0x200B) == Category::Cf && category_of(0) == Category::Cc && category_of(0x301) == Category::Mn);
  CHECK(category_of(U'!') == Category::Po && category_of(U'+') == Category::Sm && category_of(0x1F999) == Category::So);
}
